"""Writes the plugin definitions that Meltano Hub takes, from the code of tap and target.

The form is that of Hub's files: keys and settings in alphabetical order. Run as a program, it
renews the files; a test holds code and files together.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from tap_hubspot_crm.settings import SETTINGS_SCHEMA
from tap_hubspot_crm.tap import TapHubSpotCrm
from target_crmhub_postgres.settings import CONFIG_JSONSCHEMA
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from collections.abc import Sequence

    from singer_sdk.plugin_base import PluginBase

ROOT: Final = Path(__file__).parents[2]
#: Hub's word for a type of JSON Schema; what may be several types is text.
_KINDS: Final = {"integer": "integer", "boolean": "boolean", "object": "object", "array": "array"}


@dataclass(frozen=True, kw_only=True)
class HubPlugin:
    """A plugin, and what Hub is told of it beside what its code says."""

    plugin: type[PluginBase]
    #: JSON Schema of the plugin's own settings.
    own_settings: dict[str, Any]
    label: str
    domain_url: str
    #: Names of settings that are enough together, one list for each way.
    enough: Sequence[Sequence[str]]
    #: Keys that only one kind of plugin has.
    further: dict[str, str]

    @property
    def file(self) -> Path:
        """Where its definition is kept."""
        return ROOT.joinpath(self.plugin.name, "meltano-hub", f"{self.plugin.name}.yml")

    def definition(self) -> dict[str, Any]:
        """The definition, as Hub names things."""
        return {
            "capabilities": sorted(capability.value for capability in self.plugin.capabilities),
            "description": (self.plugin.__doc__ or "").strip(),
            "domain_url": self.domain_url,
            "executable": self.plugin.name,
            "keywords": ["meltano_sdk"],
            "label": self.label,
            "maintenance_status": "active",
            "name": self.plugin.name,
            "namespace": self.plugin.name.replace("-", "_"),
            "pip_url": self.plugin.name,
            "settings": sorted(self._settings(), key=lambda setting: str(setting["name"])),
            "settings_group_validation": [list(way) for way in self.enough],
            "variant": "crmhub",
            **self.further,
        }

    def as_yaml(self) -> str:
        """The text of the file."""
        return yaml.safe_dump(self.definition(), sort_keys=True, allow_unicode=True, width=100)

    def _settings(self) -> list[dict[str, object]]:
        schema: dict[str, Any] = {"properties": dict(self.own_settings["properties"])}
        self.plugin.append_builtin_config(schema)
        found: list[dict[str, object]] = []
        for name, item in schema["properties"].items():
            own = name in self.own_settings["properties"]
            if "properties" in item and not own and not item.get("additionalProperties"):
                # The SDK's closed objects setting by setting; others are set as a whole.
                parts = item["properties"].items()
                found += [_setting(f"{name}.{part}", inner) for part, inner in parts]
            else:
                found.append(_setting(name, item))
        return found


TAP: Final = HubPlugin(
    plugin=TapHubSpotCrm,
    own_settings=SETTINGS_SCHEMA,
    label="HubSpot CRM",
    domain_url="https://developers.hubspot.com/docs",
    enough=(
        ("access_token",),
        ("access_token_file",),
        ("client_id", "client_secret", "refresh_token"),
    ),
    further={},
)
TARGET: Final = HubPlugin(
    plugin=TargetCrmHubPostgres,
    own_settings=CONFIG_JSONSCHEMA,
    label="CRM Hub (PostgreSQL)",
    domain_url="https://www.postgresql.org",
    enough=(CONFIG_JSONSCHEMA["required"],),
    further={"dialect": "postgres"},
)
PLUGINS: Final = (TAP, TARGET)


def _setting(name: str, item: dict[str, Any]) -> dict[str, object]:
    setting: dict[str, object] = {
        "description": item["description"],
        "kind": _kind(item),
        "label": item.get("title") or name,
        "name": name,
    }
    if "default" in item:
        setting["value"] = item["default"]
    if "enum" in item:
        setting["options"] = [{"label": value, "value": value} for value in item["enum"]]
    if item.get("secret"):
        setting["sensitive"] = True
    return setting


def _kind(item: dict[str, Any]) -> str:
    if "enum" in item:
        return "options"
    if item.get("format") == "date-time":
        return "date_iso8601"
    types = item.get("type", "string")
    named = [kind for kind in ([types] if isinstance(types, str) else types) if kind != "null"]
    return _KINDS.get(named[0], "string") if len(named) == 1 else "string"


if __name__ == "__main__":
    for each in PLUGINS:
        each.file.parent.mkdir(exist_ok=True)
        each.file.write_text(each.as_yaml(), encoding="utf-8")
