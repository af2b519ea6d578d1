"""The definition files for Meltano Hub say what the code says, in the form that Hub takes."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
import yaml
from packages.hub_definitions import PLUGINS, TAP, TARGET, HubPlugin

each_plugin = pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.plugin.name)

_TEXT = {"type": "string", "minLength": 1}
_SETTING = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "kind", "label", "description"],
    "properties": {
        **dict.fromkeys(("name", "label", "description"), _TEXT),
        "kind": {
            "enum": ["array", "boolean", "date_iso8601", "integer", "object", "options", "string"]
        },
        "value": {},
        "sensitive": {"const": True},
        "options": {
            "type": "array",
            "items": {"type": "object", "properties": dict.fromkeys(("label", "value"), _TEXT)},
        },
    },
    # A kind "options" has some, and no other kind has.
    "if": {"properties": {"kind": {"const": "options"}}},
    "then": {"required": ["options"]},
    "else": {"properties": {"options": False}},
}
#: Meltano Hub: JSON Schemas of plugin definitions and of settings, as far as we fill them.
_DEFINITION: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["name", "namespace", "variant", "label", "pip_url", "executable", "settings"],
    "properties": {
        **dict.fromkeys(("description", "label", "variant", "pip_url"), _TEXT),
        "name": {"pattern": "^(tap|target)-[a-z-]+$"},
        "executable": {"pattern": "^(tap|target)-[a-z-]+$"},
        "namespace": {"pattern": "^(tap|target)_[a-z_]+$"},
        "dialect": {"const": "postgres"},
        "domain_url": {"type": "string", "format": "uri", "pattern": "^https://"},
        "keywords": {"type": "array", "items": _TEXT},
        "maintenance_status": {
            "enum": ["active", "beta", "development", "inactive", "unknown"],
        },
        "capabilities": {
            "type": "array",
            "items": {
                "enum": [
                    "about", "activate-version", "batch", "catalog", "discover", "log-based",
                    "properties", "schema-flattening", "soft-delete", "hard-delete", "state",
                    "stream-maps", "structured-logging", "test",
                ]
            },
        },
        "settings": {"type": "array", "items": _SETTING},
        "settings_group_validation": {
            "type": "array",
            "items": {"type": "array", "items": _TEXT, "minItems": 1},
        },
    },
}  # fmt: skip


def read(plugin: HubPlugin) -> dict[str, Any]:
    written: dict[str, Any] = yaml.safe_load(plugin.file.read_text(encoding="utf-8"))
    return written


@each_plugin
def test_the_file_is_what_the_code_gives(plugin: HubPlugin) -> None:
    """Renew it with `python -m packages.hub_definitions`, tests/ on the path."""
    assert plugin.file.read_text(encoding="utf-8") == plugin.as_yaml()


@each_plugin
def test_the_file_has_the_form_that_hub_takes(plugin: HubPlugin) -> None:
    jsonschema.Draft7Validator(
        _DEFINITION, format_checker=jsonschema.Draft7Validator.FORMAT_CHECKER
    ).validate(read(plugin))


@each_plugin
def test_every_setting_is_there_once_and_every_way_to_begin_names_settings(
    plugin: HubPlugin,
) -> None:
    names = [item["name"] for item in read(plugin)["settings"]]
    assert len(names) == len(set(names))
    assert set(plugin.own_settings["properties"]) <= set(names)
    for way in read(plugin)["settings_group_validation"]:
        assert set(way) <= set(names)


def test_secrets_are_sensitive() -> None:
    sensitive = {
        plugin.plugin.name: {
            item["name"] for item in read(plugin)["settings"] if item.get("sensitive")
        }
        for plugin in PLUGINS
    }
    assert sensitive == {
        "tap-hubspot-crm": {"access_token", "client_secret", "refresh_token"},
        "target-crmhub-postgres": {"database_url", "lease_token", "pii_hash_salt"},
    }


def test_the_tap_offers_the_sdks_settings_and_the_target_has_its_own_alone() -> None:
    assert "stream_maps" in {item["name"] for item in read(TAP)["settings"]}
    own = set(TARGET.own_settings["properties"])
    assert {item["name"] for item in read(TARGET)["settings"]} == own
