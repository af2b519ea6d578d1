"""What readers are told of a person's deals: live rows only."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from target.loading import record, schema

if TYPE_CHECKING:
    from target.loading import Hub, Message

ANN = "ann@example.com"
DEALS: dict[str, dict[str, Any]] = {
    "open": {"hs_is_closed": False},
    "won": {"hs_is_closed": True, "hs_is_closed_won": True},
    "lost": {"hs_is_closed": True, "hs_is_closed_won": False},
    "archived": {"hs_is_closed": False, "archived": True},
    "merged": {"mergedInto": "open", "archived": True},
    # A source need not call archived what it has merged.
    "merged and not archived": {"mergedInto": "open"},
}


def messages() -> list[Message]:
    people = [{"id": "1", "types": []}, {"id": "2", "types": []}, {"id": "3", "types": []}]
    keys = {name: str(number) for number, name in enumerate(DEALS)}
    return [
        *map(schema, ("contacts", "deals", "deal_contacts")),
        # Two contacts of one person, and an archived one of another.
        record("contacts", id="1", email=ANN),
        record("contacts", id="2", email=ANN.upper()),
        record("contacts", id="3", email="bo@example.com", archived=True),
        *(
            record("deals", id=keys[name], amount_in_home_currency=10, **fields)
            for name, fields in DEALS.items()
        ),
        *(record("deal_contacts", deal_id=key, contacts=people) for key in keys.values()),
    ]


def test_a_persons_activity_is_that_of_live_deals_each_counted_once(hub: Hub) -> None:
    hub.load(messages())
    activity = hub.database.rows(
        "select email_hash, open_deals, won_deals, open_amount, won_amount "
        "from crmhub.contact_activity",
        role="crmhub_reader",
        org_id=hub.org_id,
    )
    assert activity == [
        {
            "email_hash": hub.pseudonyms.email(ANN),
            "open_deals": 1,
            "won_deals": 1,
            "open_amount": Decimal(10),
            "won_amount": Decimal(10),
        }
    ]
