"""What a seeded portal looks like, and that the same seed makes the same one."""

import re
from decimal import Decimal

import phonenumbers
import pytest
from tap.sandbox.caller import START

from hubspot_sandbox import seeded_people
from hubspot_sandbox.clock import VirtualClock
from hubspot_sandbox.records import Record
from hubspot_sandbox.sandbox import Sandbox, SandboxPortal
from hubspot_sandbox.truth import TRUTH_STREAMS
from hubspot_sandbox.words import NAME_MARK

REGIONS = {
    "Germany": "DE",
    "United States": "US",
    "United Kingdom": "GB",
    "France": "FR",
    "Switzerland": "CH",
    "Sweden": "SE",
}


def _portal(seed: int = 3, contacts: int = 2000, deals: int = 600) -> SandboxPortal:
    sandbox = Sandbox(clock=VirtualClock(START))
    return sandbox.add_portal(portal_id=9, contacts=contacts, deals=deals, seed=seed)


@pytest.fixture(scope="module")
def portal() -> SandboxPortal:
    """Return a portal large enough for what is rare."""
    return _portal()


def _contacts(portal: SandboxPortal) -> list[Record]:
    return list(portal.stores["contacts"].live.values())


def _deals(portal: SandboxPortal) -> list[Record]:
    return list(portal.stores["deals"].live.values())


def _filled(records: list[Record], name: str) -> list[str]:
    return [r.properties[name] for r in records if r.properties.get(name)]


def test_the_same_seed_gives_the_same_portal_and_another_another() -> None:
    one, same, other = (_portal(seed, 50, 20) for seed in (3, 3, 4))
    for stream in TRUTH_STREAMS:
        assert one.truth(stream) == same.truth(stream)
    assert one.truth("contacts") != other.truth("contacts")


def test_every_family_name_and_every_address_made_from_it_is_marked(portal: SandboxPortal) -> None:
    contacts = _contacts(portal)
    assert all(NAME_MARK in record.properties["lastname"] for record in contacts)
    emails = _filled(contacts, "email")
    assert all(NAME_MARK in email.lower() for email in emails)
    assert len(emails) == len({email.lower() for email in emails})


def test_addresses_come_with_capitals_accents_tags_and_foreign_domains(
    portal: SandboxPortal,
) -> None:
    emails = _filled(_contacts(portal), "email")
    assert any(email != email.lower() and email.isascii() for email in emails)
    assert any(not email.partition("@")[0].isascii() for email in emails)
    assert any(not email.partition("@")[2].isascii() for email in emails)
    assert any("+news@" in email for email in emails)
    assert any("@xn--" in email for email in emails)
    assert any(";" in emails for emails in _filled(_contacts(portal), "hs_additional_emails"))


def test_calculated_numbers_are_those_that_the_written_ones_dial(portal: SandboxPortal) -> None:
    national = 0
    for record in _contacts(portal):
        values = record.properties
        calculated = values.get("hs_calculated_phone_number")
        if calculated is None:
            continue
        number = phonenumbers.parse(values["phone"], REGIONS[values["country"]])
        e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
        assert e164 == calculated
        assert phonenumbers.is_possible_number(number)
        national += not values["phone"].startswith("+")
    assert national > 100


def test_some_numbers_are_national_without_a_country_odd_or_cleared(portal: SandboxPortal) -> None:
    uncalculated = [
        r.properties for r in _contacts(portal) if "hs_calculated_phone_number" not in r.properties
    ]
    assert any(v.get("phone", "").isdecimal() and "country" not in v for v in uncalculated)
    assert any(v.get("phone") == "call reception" for v in uncalculated)
    assert any(v.get("phone") == "" for v in uncalculated)


def test_exact_numbers_empty_strings_and_unfilled_properties_are_there(
    portal: SandboxPortal,
) -> None:
    scores = _filled(_contacts(portal), "hs_predictivecontactscore_v2")
    assert max(len(Decimal(score).as_tuple().digits) for score in scores) >= 50
    assert "19999999999999.99" in _filled(_deals(portal), "amount")
    assert any(len(amount) > 40 for amount in _filled(_deals(portal), "amount"))
    assert any(r.properties.get("jobtitle") == "" for r in _contacts(portal))
    assert not _filled(_contacts(portal), "hs_legacy_crm_code")
    assert not _filled(_deals(portal), "hs_legacy_deal_code")
    assert any(";" in chosen for chosen in _filled(_contacts(portal), "favourite_products"))


def test_every_filled_property_is_defined_and_choices_are_known(portal: SandboxPortal) -> None:
    for object_type, records in (("contacts", _contacts(portal)), ("deals", _deals(portal))):
        definitions = portal.properties["contacts" if object_type == "contacts" else "deals"]
        for record in records:
            for name, value in record.properties.items():
                options = {option for option, _ in definitions[name].options}
                assert not options or not value or set(value.split(";")) <= options


def test_some_deal_names_hold_an_address_and_some_a_number() -> None:
    for portal in (_portal(3, 20, 10), _portal(1, 200, 50)):
        names = _filled(_deals(portal), "dealname")
        assert any("@" in name for name in names)
        assert any(re.search(r"\+\d{8,}", name) for name in names)
        assert all("@" in name or NAME_MARK not in name for name in names)


def test_deals_stand_in_every_stage_of_both_pipelines(portal: SandboxPortal) -> None:
    stages = {(r.properties["pipeline"], r.properties["dealstage"]) for r in _deals(portal)}
    assert stages == {(p.id, stage.id) for p in portal.pipelines.values() for stage in p.stages}
    closed = [r for r in _deals(portal) if r.properties["hs_is_closed"] == "true"]
    assert all(r.properties["days_to_close"].isdecimal() for r in closed)
    assert any(r.properties["hs_is_closed_won"] == "true" for r in closed)


def test_everyone_is_linked_some_with_labels_and_some_deals_are_lonely(
    portal: SandboxPortal,
) -> None:
    links = {r.id: portal.linked("contacts", r.id) for r in _contacts(portal)}
    assert all(links.values())
    assert any(labels for deals in links.values() for labels in deals.values())
    assert any(not portal.linked("deals", r.id) for r in _deals(portal))
    for record in _contacts(portal):
        assert record.properties["num_associated_deals"] == str(len(links[record.id]))


def test_ids_are_skewed_and_times_are_spread_and_in_order(portal: SandboxPortal) -> None:
    ids = portal.stores["contacts"].ids()
    assert ids[:3] == [1, 51, 101]
    assert ids[-1] > 10**11
    contacts = _contacts(portal)
    assert all(r.created_at <= r.modified_at < START for r in contacts)
    months = {r.created_at // (30 * 86_400_000) for r in contacts}
    assert len(months) > 12


def test_a_portal_without_contacts_or_deals_can_be_made() -> None:
    assert _portal(1, 0, 5).truth("contacts")["live"] == {}
    assert _portal(1, 5, 0).truth("deal_contacts") == {"live": {}}


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> SandboxPortal:
    """Return a portal whose contacts are made when they are looked at, as where they are many."""
    monkeypatch.setattr(seeded_people, "MADE_AT_ONCE", 100)
    return _portal(3, 300, 60)


def test_contacts_made_when_looked_at_are_like_the_others(late: SandboxPortal) -> None:
    contacts = _contacts(late)
    assert all(isinstance(r.properties, seeded_people.LateProperties) for r in contacts)
    known = set(late.properties["contacts"])
    for record in contacts:
        assert NAME_MARK in record.properties["lastname"]
        assert set(record.properties) <= known
        assert len(record.properties) == len(dict(record.properties))
        count = len(late.linked("contacts", record.id))
        assert record.properties["num_associated_deals"] == str(count)
        assert "num_associated_deals" in record.properties
    assert len({r.properties.get("email") for r in contacts}) > 280
    assert "no_such_thing" not in contacts[0].properties
    assert contacts[0].properties.get("no_such_thing") is None


def test_contacts_made_when_looked_at_are_the_same_every_time(late: SandboxPortal) -> None:
    assert late.truth("contacts") == late.truth("contacts") == _portal(3, 300, 60).truth("contacts")
    assert late.truth("contacts") != _portal(4, 300, 60).truth("contacts")


def test_contacts_made_when_looked_at_are_edited_and_merged(late: SandboxPortal) -> None:
    before = dict(late.stores["contacts"].live[51].properties)
    late.edit("contacts", 51, {"city": "Ghent"})
    assert dict(late.stores["contacts"].live[51].properties) == {**before, "city": "Ghent"}
    new = int(late.merge("contacts", 51, 101))
    assert late.stores["contacts"].live[new].properties["city"] == "Ghent"
