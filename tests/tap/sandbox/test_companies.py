"""Companies: records of a portal that nothing is linked with."""

import pytest
from tap.sandbox.caller import Caller

COMPANIES = "/crm/objects/2026-09/companies"
SCOPES = ("crm.objects.contacts.read", "crm.objects.deals.read", "crm.objects.companies.read")


@pytest.fixture
def allowed(caller: Caller) -> Caller:
    """A client whose token may read companies, which few apps ask for."""
    caller.token = caller.sandbox.add_token(4242, scopes=SCOPES)
    return caller


def test_companies_are_listed_searched_and_archived_like_other_records(allowed: Caller) -> None:
    portal = allowed.portal
    made = portal.create("companies", {"name": "Chairs & Co", "domain": "chairs.example"})
    other = portal.create("companies", {"name": "Tables"})
    allowed.clock.advance(5)
    portal.edit("companies", made, {"city": "Ulm"})
    listed = allowed.get(COMPANIES, properties="city")
    assert set(listed.ids) == {made, other}
    [found] = allowed.search(
        "companies",
        {"propertyName": "hs_lastmodifieddate", "operator": "GT", "value": "1795341600000"},
    ).body["results"]
    assert (found["id"], found["properties"]["name"]) == (made, "Chairs & Co")
    portal.archive("companies", made)
    assert allowed.get(COMPANIES).ids == [other]
    assert allowed.get(COMPANIES, archived="true").ids == [made]


def test_merged_companies_lead_to_one(allowed: Caller) -> None:
    portal = allowed.portal
    first = portal.create("companies", {"name": "Chairs"})
    second = portal.create("companies", {"name": "Chairs Ltd", "city": "Ulm"})
    new = portal.merge("companies", first, second)
    [row] = allowed.batch("companies", first).body["results"]
    assert row["id"] == new
    assert portal.truth("companies")["merged"] == {first: new, second: new}


def test_a_company_with_the_id_of_a_contact_has_none_of_its_links(allowed: Caller) -> None:
    portal = allowed.portal
    deal = next(iter(portal.links.of("contacts", 51)))
    portal.create("companies", {"name": "Chairs"}, record_id=51)
    body = {"inputs": [{"id": "51"}]}
    for path in ("companies/deals", "companies/contacts", "contacts/companies"):
        reply = allowed.post(f"/crm/associations/2026-09/{path}/batch/read", body)
        assert reply.body["results"] == []
        assert reply.body["results"] == []
        labels = allowed.get(f"/crm/associations/2026-09/{path}/labels")
        assert labels.body["results"] == []
    inline = allowed.get("/crm/objects/2026-09/contacts/51", associations="companies")
    assert "associations" not in inline.body
    portal.purge("companies", "51")
    assert 51 in portal.linked("deals", deal)


def test_a_token_without_the_scope_may_not_read_companies(caller: Caller) -> None:
    refused = caller.get(COMPANIES)
    assert refused.status == 403
    assert "crm.objects.companies.read" in str(refused.body)
