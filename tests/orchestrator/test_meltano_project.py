"""meltano.yml says what the code says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from crmhub.project_files import meltano_project_directory
from crmhub.sync.environment import meltano_environment
from hubspot_sandbox.server import running_sandbox
from tap_hubspot_crm.tap import TapHubSpotCrm
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.target import TargetCrmHubPostgres

if TYPE_CHECKING:
    from singer_sdk import Tap, Target

PROJECT: dict[str, Any] = yaml.safe_load((meltano_project_directory() / "meltano.yml").read_text())
[TAP] = PROJECT["plugins"]["extractors"]
[TARGET] = PROJECT["plugins"]["loaders"]
#: What the SDK adds to every plugin; nobody sets it through Meltano here.
SDK_SETTINGS = {
    "add_record_metadata",
    "faker_config",
    "flattening_enabled",
    "flattening_max_depth",
    "flattening_max_key_length",
    "flattening_separator",
    "load_method",
    "process_activate_version_messages",
    "stream_map_config",
    "stream_maps",
    "validate_records",
}


def test_the_tap_fetches_what_the_hub_stores_and_nothing_else() -> None:
    assert TAP["config"]["properties"] == load_mapping("hubspot").fetched_properties()


@pytest.mark.parametrize(
    ("plugin", "code"),
    [(TAP, TapHubSpotCrm), (TARGET, TargetCrmHubPostgres)],
    ids=["tap", "target"],
)
def test_every_setting_of_a_plugin_is_declared(
    plugin: dict[str, Any], code: type[Tap | Target]
) -> None:
    declared = {setting["name"]: setting for setting in plugin["settings"]}
    properties: dict[str, Any] = code.config_jsonschema["properties"]
    assert set(declared) == set(properties) - SDK_SETTINGS
    for name, definition in properties.items():
        if name in declared:
            assert bool(declared[name].get("sensitive")) == bool(definition.get("secret")), name


def test_no_secret_of_one_plugin_reaches_the_other() -> None:
    """Every secret setting of the tap is blanked for the target, and the other way round."""
    for plugin, prefixes, other in (
        (TARGET, ("TAP_HUBSPOT_CRM_", "MELTANO_EXTRACT_"), TAP),
        (TAP, ("TARGET_CRMHUB_POSTGRES_",), TARGET),
    ):
        for setting in other["settings"]:
            if setting.get("sensitive"):
                for prefix in prefixes:
                    assert plugin["env"][prefix + setting["name"].upper()] == ""


def test_the_project_names_no_secret() -> None:
    for plugin in (TAP, TARGET):
        for name, value in plugin["config"].items():
            [setting] = [each for each in plugin["settings"] if each["name"] == name]
            if setting.get("sensitive"):
                assert value.startswith("$"), name


def test_meltanos_own_test_finds_the_tap_configured(tmp_path: Path) -> None:
    """It begins a sync and ends it with the first record."""
    programs = Path(sys.executable).parent
    with running_sandbox() as running:
        portal = running.sandbox.add_portal(contacts=5)
        done = subprocess.run(
            [str(programs / "meltano"), "config", "test", TAP["name"]],
            cwd=meltano_project_directory(),
            env={
                **meltano_environment(str(tmp_path)),
                "PATH": f"{programs}:/usr/bin:/bin",
                "TAP_HUBSPOT_CRM_ACCESS_TOKEN": portal.access_token,
                "TAP_HUBSPOT_CRM_API_URL": running.url,
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "configuration is valid" in done.stdout
