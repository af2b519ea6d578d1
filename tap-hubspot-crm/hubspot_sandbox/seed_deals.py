"""Seeded deals: amounts and names, moving through the stages of two pipelines over time."""

from collections.abc import Sequence
from decimal import Decimal
from random import Random
from typing import Final

from hubspot_sandbox.calculated import days_between, recalculate
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

_PIPELINES: Final = {pipeline.id: pipeline for pipeline in DEFAULT_PIPELINES}
_PRODUCTS: Final = tuple(value for value, _ in PRODUCTS)
_EVERY_NAME_WITH_EMAIL: Final = 40
_EVERY_NAME_WITH_PHONE: Final = 50
_EVERY_HUGE_AMOUNT: Final = 200
_EVERY_LONG_AMOUNT: Final = 150


def make_deal(  # noqa: PLR0917  # the same arguments in the same order as make_contact
    rng: Random,
    number: int,
    record_id: int,
    until: int,
    owners: Sequence[Owner],
    contact: Record | None,
) -> Record:
    """Return the deal with this running number, made and last modified before `until` (ms).

    Some names hold the e-mail address or phone number of `contact`, as people's notes do.
    """
    created = until - 1 - int(rng.random() * SPREAD_DAYS * DAY_MS)
    pipeline = DEFAULT_PIPELINES[0 if rng.random() < 0.7 else 1]  # noqa: PLR2004  # most are sales
    stage, entered = _walk(rng, pipeline, created, until)
    values = {
        "dealname": _name(rng, number, pipeline, contact),
        "pipeline": pipeline.id,
        "dealstage": stage.id,
        "dealtype": "newbusiness" if pipeline.id == "default" else "existingbusiness",
        "deal_currency_code": CURRENCIES[int(rng.random() ** 3 * len(CURRENCIES))][0],
        "hs_analytics_source": SOURCES[int(rng.random() * len(SOURCES))][0],
        "hs_v2_date_entered_current_stage": iso(entered),
        "closedate": iso(entered if stage.closed else entered + 60 * DAY_MS),
        "num_notes": str(int(rng.random() * 25)),
    }
    amount = _amount(rng, number)
    if amount:
        values["amount"] = amount
    if owners and rng.random() < 0.9:  # noqa: PLR2004  # the share that has an owner
        values["hubspot_owner_id"] = str(owners[int(rng.random() * len(owners))].id)
        values["hubspot_owner_assigneddate"] = iso(created)
    _add_course(values, rng, number, stage)
    values = recalculate("deals", values, set(values), _PIPELINES)
    if stage.closed:
        values["days_to_close"] = days_between(created, values["closedate"])
    modified = min(until - 1, entered + int(rng.random() * 5 * DAY_MS))
    return Record(id=record_id, created_at=created, modified_at=modified, properties=values)


def _walk(rng: Random, pipeline: Pipeline, created: int, until: int) -> tuple[Stage, int]:
    """Return the stage a deal has reached by `until` and when it got there (ms)."""
    still_open = [stage for stage in pipeline.stages if not stage.closed]
    won, lost = [stage for stage in pipeline.stages if stage.closed]
    stage, entered = still_open[0], created
    for following in [*still_open[1:], won]:
        reached = entered + int(rng.expovariate(1 / (DAYS_PER_STAGE * DAY_MS)))
        if reached >= until:
            return stage, entered
        if rng.random() < 0.13:  # noqa: PLR2004  # about half of all deals end lost
            return lost, reached
        stage, entered = following, reached
    return stage, entered


def _name(rng: Random, number: int, pipeline: Pipeline, contact: Record | None) -> str:
    product = PRODUCT_NAMES[int(rng.random() * len(PRODUCT_NAMES))]
    kind = "" if pipeline.id == "default" else " renewal"
    name = f"{company_name(rng)} - {product}{kind}"
    values = contact.properties if contact else {}
    if number % _EVERY_NAME_WITH_EMAIL == 1 and values.get("email"):
        return f"{name} ({values['email']})"
    if number % _EVERY_NAME_WITH_PHONE == 2 and values.get("hs_calculated_phone_number"):  # noqa: PLR2004
        return f"{name}, call {values['hs_calculated_phone_number']}"
    return name


def _amount(rng: Random, number: int) -> str:
    if number % _EVERY_HUGE_AMOUNT == 3:  # noqa: PLR2004  # more than a binary float holds
        return "19999999999999.99"
    draw = rng.random()
    if number % _EVERY_LONG_AMOUNT == 4:  # noqa: PLR2004  # a float's exact decimals
        return str(Decimal(1000 * draw))
    if draw < 0.06:  # noqa: PLR2004  # nobody has said a price yet
        return ""
    amount = round(10 ** (2.5 + 2.8 * draw))
    return f"{amount // 50 * 50 + 50}" if draw < 0.7 else f"{amount}.{number % 100:02d}"  # noqa: PLR2004


def _add_course(values: dict[str, str], rng: Random, number: int, stage: Stage) -> None:
    """Add what people noted on the way, after where the deal stands."""
    draw = rng.random()
    if stage.won:
        values["closed_won_reason"] = WON_REASONS[int(draw * len(WON_REASONS))]
        values["contract_months"] = str(12 * (1 + number % 3))
        values["renewal_date"] = f"2027-{1 + number % 12:02d}-{1 + number % 28:02d}"
        values["hs_forecast_category"] = "CLOSED"
    elif stage.closed:
        values["closed_lost_reason"] = LOST_REASONS[int(draw * len(LOST_REASONS))]
        values["hs_forecast_category"] = "OMIT"
    else:
        values["hs_next_step"] = NEXT_STEPS[int(draw * len(NEXT_STEPS))]
        values["hs_forecast_category"] = "PIPELINE" if draw < 0.6 else "BEST_CASE"  # noqa: PLR2004
        values["hs_deal_score"] = str(Decimal(draw))
    if draw < 0.5:  # noqa: PLR2004
        values["hs_priority"] = PRIORITIES[int(draw * 2 * len(PRIORITIES))][0]
        values["products_of_interest"] = ";".join(_PRODUCTS[: 1 + number % len(_PRODUCTS)])
    if draw < 0.2:  # noqa: PLR2004
        values["description"] = "Asked for a second offer.\nCompares three suppliers."
        values["internal_margin"] = "0.35"
    elif draw > 0.97:  # noqa: PLR2004  # was noted and cleared again
        values["hs_next_step"] = values["description"] = ""
