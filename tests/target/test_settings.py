"""Settings: refused by name and by what they must be, never by value."""

from __future__ import annotations

import pytest
from target.loading import Hub, schema

from target_crmhub_postgres.errors import InvalidSettingsError
from target_crmhub_postgres.settings import CONFIG_JSONSCHEMA, from_environment, read_settings

ID = "11111111-1111-4111-8111-111111111111"
REQUIRED = {
    "database_url": "postgresql://loader@db/hub",
    "org_id": ID,
    "connection_id": ID,
    "pii_hash_salt": "sixteen bytes ok",
}


def test_what_is_not_given_has_its_default() -> None:
    settings = read_settings(REQUIRED)
    assert settings.provider == "hubspot"
    assert settings.default_phone_region is None
    assert settings.kept_properties == {}
    assert (settings.deal_names, settings.owner_names) == ("keep", "drop")
    assert settings.batch_size_rows == 5_000
    assert settings.lease_token is None
    assert settings.allow_mass_delete is False
    assert settings.allow_unknown_account is False


def test_all_settings_may_come_from_the_environment_as_text() -> None:
    given = {
        **REQUIRED,
        "default_phone_region": "DE",
        "kept_properties": '{"deals": ["custom"]}',
        "batch_size_rows": "5",
        "allow_mass_delete": "True",
        "allow_unknown_account": "true",
        "lease_token": ID,
    }
    environment = {f"P_{name.upper()}": value for name, value in given.items()}
    settings = read_settings(from_environment(environment | {"OTHER": "1"}, "P_"))
    assert settings.kept_properties == {"deals": ["custom"]}
    assert (settings.batch_size_rows, settings.allow_mass_delete) == (5, True)
    assert settings.allow_unknown_account is True


@pytest.mark.parametrize("name", REQUIRED)
def test_a_missing_setting_is_named(name: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f"^{name} is missing: it must be"):
        read_settings({key: value for key, value in REQUIRED.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value", "due"),
    [
        ("database_url", "zz zz", "a PostgreSQL connection string"),
        ("database_url", 5, "a PostgreSQL connection string"),
        ("org_id", "zz", "a UUID"),
        ("connection_id", f"{{{ID}}}", "a UUID"),
        ("lease_token", "zz", "a UUID"),
        ("pii_hash_salt", "", "text of at least 16 bytes"),
        ("pii_hash_salt", "zz" * 7 + "z", "text of at least 16 bytes"),
        ("pii_hash_salt", "\udcff" * 20, "text of at least 16 bytes"),
        ("provider", "zz", "one of hubspot"),
        ("default_phone_region", "Germany", "two capital letters of a country, as DE"),
        ("default_phone_region", "ZZ", "two capital letters of a country, as DE"),
        ("kept_properties", ["zz"], "an object: stream"),
        ("kept_properties", {"deals": "zz"}, "an object: stream"),
        ("kept_properties", "{zz", "an object: stream"),
        ("deal_names", "zz", "keep or drop"),
        ("owner_names", True, "keep or drop"),
        ("batch_size_rows", 0, "a whole number from 1"),
        ("batch_size_rows", "zz", "a whole number from 1"),
        ("batch_size_rows", True, "a whole number from 1"),
        ("allow_mass_delete", "zz", "true or false"),
        ("allow_unknown_account", "zz", "true or false"),
    ],
)
def test_a_malformed_setting_is_named_with_what_it_must_be(
    name: str, value: object, due: str
) -> None:
    with pytest.raises(InvalidSettingsError) as refusal:
        read_settings({**REQUIRED, name: value})
    assert refusal.value.message.startswith(f"{name} must be {due}")
    assert "zz" not in refusal.value.message


def test_a_name_that_is_no_setting_is_refused() -> None:
    """`deal_name: drop` would otherwise keep every name without a word."""
    with pytest.raises(InvalidSettingsError, match="deal_name is no setting of this target"):
        read_settings({**REQUIRED, "deal_name": "drop"})


def test_a_name_that_could_be_none_is_refused_and_not_repeated() -> None:
    with pytest.raises(InvalidSettingsError) as refusal:
        read_settings({**REQUIRED, "deal_names ": "drop"})
    assert refusal.value.message == "a name that is not shown is no setting of this target"


@pytest.mark.parametrize(
    ("stream", "name"),
    [
        ("contacts", "email"),
        ("contacts", "firstname"),
        ("contacts", "mobilephone"),
        ("contacts", "hs_searchable_calculated_phone_number"),
        ("contacts", "IP_City"),
        ("deals", "description"),
        ("deals", "dealname"),
    ],
)
def test_a_personal_property_cannot_be_kept(hub: Hub, stream: str, name: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f"{name} of {stream} is personal"):
        hub.having(kept_properties={stream: [name]}).load([schema("contacts")])


def test_a_stream_without_properties_takes_none(hub: Hub) -> None:
    with pytest.raises(InvalidSettingsError, match="stream owners has no properties"):
        hub.having(kept_properties={"owners": ["team"]}).load([schema("contacts")])


def test_the_program_ends_with_status_2_and_writes_nothing(hub: Hub) -> None:
    ended = hub.having(org_id="zz", pii_hash_salt="zz").run([schema("contacts")])
    assert ended.status == 2
    assert ended.error == {
        "event": "target_failed",
        "error_class": "invalid_settings",
        "message": "org_id must be a UUID; pii_hash_salt must be text of at least 16 bytes",
    }
    assert ended.stdout == ""
    assert "zz" not in ended.stderr
    assert hub.rows("crm_contacts") == []


def test_the_settings_are_those_that_are_promised() -> None:
    assert list(CONFIG_JSONSCHEMA["properties"]) == [
        "database_url",
        "org_id",
        "connection_id",
        "pii_hash_salt",
        "provider",
        "default_phone_region",
        "kept_properties",
        "deal_names",
        "owner_names",
        "batch_size_rows",
        "lease_token",
        "allow_mass_delete",
        "allow_unknown_account",
    ]
