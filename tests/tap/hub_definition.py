"""Writes the plugin definition that Meltano Hub takes, from the tap's own code.

The form is that of Hub's extractor files: keys and settings in alphabetical order. Run as a
program, it renews the file; a test holds the two together.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import yaml

from tap_hubspot_crm.settings import SETTINGS_SCHEMA
from tap_hubspot_crm.tap import TapHubSpotCrm

FILE: Final = Path(__file__).parents[2] / "tap-hubspot-crm" / "meltano-hub" / "tap-hubspot-crm.yml"
#: Hub's word for a type of JSON Schema; what may be several types is text.
_KINDS: Final = {"integer": "integer", "boolean": "boolean", "object": "object", "array": "array"}


def plugin_definition() -> dict[str, Any]:
    """Return the definition of the extractor."""
    return {
        "capabilities": sorted(capability.value for capability in TapHubSpotCrm.capabilities),
        "description": (TapHubSpotCrm.__doc__ or "").strip(),
        "domain_url": "https://developers.hubspot.com/docs",
        "executable": TapHubSpotCrm.name,
        "keywords": ["meltano_sdk"],
        "label": "HubSpot CRM",
        "maintenance_status": "active",
        "name": TapHubSpotCrm.name,
        "namespace": TapHubSpotCrm.name.replace("-", "_"),
        "pip_url": TapHubSpotCrm.package_name,
        "settings": sorted(_settings(), key=lambda setting: str(setting["name"])),
        "settings_group_validation": [
            ["access_token"],
            ["access_token_file"],
            ["client_id", "client_secret", "refresh_token"],
        ],
        "variant": "crmhub",
    }


def as_yaml(definition: dict[str, Any]) -> str:
    """Return the text of the file."""
    return yaml.safe_dump(definition, sort_keys=True, allow_unicode=True, width=100)


def _settings() -> list[dict[str, object]]:
    schema: dict[str, Any] = {"properties": dict(SETTINGS_SCHEMA["properties"])}
    TapHubSpotCrm.append_builtin_config(schema)
    found: list[dict[str, object]] = []
    for name, item in schema["properties"].items():
        own = name in SETTINGS_SCHEMA["properties"]
        if "properties" in item and not own and not item.get("additionalProperties"):
            # The SDK's closed objects setting by setting; what takes any name is set as a whole.
            parts = item["properties"].items()
            found += [_setting(f"{name}.{part}", inner) for part, inner in parts]
        else:
            found.append(_setting(name, item))
    return found


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
    FILE.write_text(as_yaml(plugin_definition()), encoding="utf-8")
