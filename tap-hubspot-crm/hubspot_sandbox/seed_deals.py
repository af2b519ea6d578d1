"""Seeded deals: amounts and names, moving through the stages of two pipelines over time."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from hubspot_sandbox.calculated import days_between, recalculate
from hubspot_sandbox.chance import Chance
from hubspot_sandbox.clock import DAY_MS, iso
from hubspot_sandbox.contact_properties import PRODUCTS, SOURCES
from hubspot_sandbox.deal_properties import CURRENCIES, PRIORITIES
from hubspot_sandbox.pipelines import DEFAULT_PIPELINES, Owner, Pipeline, Stage
from hubspot_sandbox.records import Record
from hubspot_sandbox.seed_contacts import company_name
from hubspot_sandbox.words import LOST_REASONS, NEXT_STEPS, PRODUCT_NAMES, WON_REASONS

#: Deals were made over this long before the portal's last seeded day.
SPREAD_DAYS: Final = 540
#: How long a deal stays in a stage, on average.
DAYS_PER_STAGE: Final = 40

#: How likely a deal is lost at each step: about half are in the end.
_LOST_AT_EACH_STAGE: Final = 0.13
_PIPELINES: Final = {pipeline.id: pipeline for pipeline in DEFAULT_PIPELINES}
_PRODUCTS: Final = tuple(value for value, _ in PRODUCTS)
#: What people write behind a deal's name; the rest is the name alone.
_NOTE_KINDS: Final = {"email": 0.025, "phone": 0.02}
#: How a price is written; the rest is whole.
_AMOUNT_KINDS: Final = {"huge": 0.005, "long": 0.007, "none": 0.06, "cents": 0.3}


def make_deal(
    chance: Chance,
    number: int,
    record_id: int,
    until: int,
    owners: Sequence[Owner],
    *,
    contact: Record | None,
) -> Record:
    """Return the deal with this running number, made and last modified before `until` (ms).

    Some names hold the e-mail address or phone number of `contact`, as people's notes do.
    """
    created = until - 1 - int(chance.draw() * SPREAD_DAYS * DAY_MS)
    pipeline = chance.early(DEFAULT_PIPELINES, 2)
    stage, entered = _walk(chance, pipeline, created, until)
    values = {
        "dealname": _name(chance, number, pipeline, contact),
        "pipeline": pipeline.id,
        "dealstage": stage.id,
        "dealtype": "newbusiness" if pipeline.id == "default" else "existingbusiness",
        "deal_currency_code": chance.early(CURRENCIES, 3)[0],
        "hs_analytics_source": chance.one(SOURCES)[0],
        "hs_v2_date_entered_current_stage": iso(entered),
        "closedate": iso(entered if stage.closed else entered + 60 * DAY_MS),
        "num_notes": str(chance.below(25)),
    }
    amount = _amount(chance)
    if amount:
        values["amount"] = amount
    if owners and chance.often(0.9):
        values["hubspot_owner_id"] = str(chance.one(owners).id)
        values["hubspot_owner_assigneddate"] = iso(created)
    _add_course(values, chance, number, stage)
    values = recalculate("deals", values, set(values), _PIPELINES)
    if stage.closed:
        values["days_to_close"] = days_between(created, values["closedate"])
    modified = min(until - 1, entered + int(chance.draw() * 5 * DAY_MS))
    return Record(id=record_id, created_at=created, modified_at=modified, properties=values)


def _walk(chance: Chance, pipeline: Pipeline, created: int, until: int) -> tuple[Stage, int]:
    """Return the stage a deal has reached by `until` and when it got there (ms)."""
    still_open = [stage for stage in pipeline.stages if not stage.closed]
    won, lost = [stage for stage in pipeline.stages if stage.closed]
    stage, entered = still_open[0], created
    for following in [*still_open[1:], won]:
        reached = entered + int(chance.wait(1 / (DAYS_PER_STAGE * DAY_MS)))
        if reached >= until:
            return stage, entered
        if chance.often(_LOST_AT_EACH_STAGE):
            return lost, reached
        stage, entered = following, reached
    return stage, entered


def _name(chance: Chance, number: int, pipeline: Pipeline, contact: Record | None) -> str:
    kind = "" if pipeline.id == "default" else " renewal"
    name = f"{company_name(chance)} - {chance.one(PRODUCT_NAMES)}{kind}"
    # The first two have a note in every portal that has them, so that small ones show it too.
    note = ("email", "phone")[number] if number < len(_NOTE_KINDS) else chance.kind(_NOTE_KINDS)
    values = contact.properties if contact else {}
    if note == "email" and values.get("email"):
        return f"{name} ({values['email']})"
    if note == "phone" and values.get("hs_calculated_phone_number"):
        return f"{name}, call {values['hs_calculated_phone_number']}"
    return name


def _amount(chance: Chance) -> str:
    kind = chance.kind(_AMOUNT_KINDS)
    draw = chance.draw()
    whole = round(10 ** (2.5 + 2.8 * draw))
    return {
        "none": "",
        # More than a binary float holds, and a float's exact value of about 50 digits.
        "huge": "19999999999999.99",
        "long": str(Decimal(1000 * draw)),
        "cents": f"{whole}.{whole % 97:02d}",
    }.get(kind, str(whole // 50 * 50 + 50))


def _add_course(values: dict[str, str], chance: Chance, number: int, stage: Stage) -> None:
    """Add what people noted on the way, after where the deal stands."""
    if stage.won:
        values["closed_won_reason"] = chance.one(WON_REASONS)
        values["contract_months"] = str(12 * (1 + number % 3))
        values["renewal_date"] = f"2027-{1 + number % 12:02d}-{1 + number % 28:02d}"
        values["hs_forecast_category"] = "CLOSED"
    elif stage.closed:
        values["closed_lost_reason"] = chance.one(LOST_REASONS)
        values["hs_forecast_category"] = "OMIT"
    else:
        values["hs_next_step"] = chance.one(NEXT_STEPS)
        values["hs_forecast_category"] = chance.one(("PIPELINE", "BEST_CASE"))
        values["hs_deal_score"] = str(Decimal(chance.draw()))
    if chance.often(0.5):
        values["hs_priority"] = chance.one(PRIORITIES)[0]
        values["products_of_interest"] = ";".join(_PRODUCTS[: 1 + number % len(_PRODUCTS)])
    if chance.often(0.2):
        values["description"] = "Asked for a second offer.\nCompares three suppliers."
        values["internal_margin"] = "0.35"
    if chance.often(0.03):
        # Was noted and cleared again.
        values["hs_next_step"] = values["description"] = ""
