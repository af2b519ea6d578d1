"""The definition file for Meltano Hub says what the code says."""

from __future__ import annotations

import re

import yaml
from tap.hub_definition import FILE, as_yaml, plugin_definition

from tap_hubspot_crm.settings import SETTINGS_SCHEMA


def test_the_file_is_what_the_code_gives() -> None:
    """Renew it with `python -m tap.hub_definition`, tests/ on the path."""
    assert FILE.read_text(encoding="utf-8") == as_yaml(plugin_definition())


def test_every_setting_is_there_once_and_secrets_are_sensitive() -> None:
    settings = yaml.safe_load(FILE.read_text(encoding="utf-8"))["settings"]
    names = [item["name"] for item in settings]
    assert len(names) == len(set(names))
    assert set(SETTINGS_SCHEMA["properties"]) <= set(names)
    assert "stream_maps" in names
    sensitive = {item["name"] for item in settings if item.get("sensitive")}
    assert sensitive == {"access_token", "client_secret", "refresh_token"}
    assert all(item["label"] and item["description"] for item in settings)


def test_names_and_kinds_are_those_that_hub_knows() -> None:
    """Hub: schemas of extractor definitions and of settings."""
    definition = plugin_definition()
    assert re.fullmatch(r"tap_[a-z_]+", definition["namespace"])
    assert set(definition["capabilities"]) <= {
        "about", "activate-version", "batch", "catalog", "discover", "log-based", "properties",
        "schema-flattening", "state", "stream-maps", "structured-logging", "test",
    }  # fmt: skip
    kinds = {item["kind"] for item in definition["settings"]}
    assert kinds <= {"array", "boolean", "date_iso8601", "integer", "object", "options", "string"}
