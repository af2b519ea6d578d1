"""Values HubSpot works out itself from others, on the same edit."""

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final

from hubspot_sandbox.clock import DAY_MS, parse_moment
from hubspot_sandbox.object_types import ObjectType
from hubspot_sandbox.pipelines import Pipeline, stage_of

#: What one unit of a currency is worth in the portal's own, the euro.
HOME_RATES: Final = {
    "EUR": Decimal(1),
    "USD": Decimal("0.92"),
    "GBP": Decimal("1.17"),
    "CHF": Decimal("1.04"),
}
_PHONE_PARTS: Final = (
    "hs_calculated_phone_number",
    "hs_calculated_phone_number_country_code",
    "hs_calculated_phone_number_region_code",
    "hs_searchable_calculated_phone_number",
)
_INTERNATIONAL: Final = re.compile(r"\+[0-9][0-9 ()./-]{6,}")


def recalculate(
    object_type: ObjectType,
    properties: Mapping[str, str],
    changed: set[str],
    pipelines: dict[str, Pipeline],
) -> dict[str, str]:
    """Return the properties after HubSpot has worked out what hangs on the changed ones.

    A value that was itself among the changed ones stays as given.
    """
    if object_type == "contacts":
        return _contact(dict(properties), changed)
    if object_type == "deals":
        return _deal(dict(properties), changed, pipelines)
    return dict(properties)


def _contact(values: dict[str, str], changed: set[str]) -> dict[str, str]:
    for source, target in (
        ("phone", "hs_calculated_phone_number"),
        ("mobilephone", "hs_calculated_mobile_number"),
    ):
        if source in changed and target not in changed:
            if source == "phone":
                for name in _PHONE_PARTS:
                    values.pop(name, None)
            values.pop(target, None)
            number = values.get(source, "")
            if _INTERNATIONAL.fullmatch(number):
                values[target] = "+" + re.sub(r"\D", "", number)
    if changed & {"firstname", "lastname", "email"}:
        names = [values[n] for n in ("firstname", "lastname") if values.get(n)]
        values["hs_full_name_or_email"] = " ".join(names) or values.get("email", "")
    if "email" in changed:
        values["hs_email_domain"] = values.get("email", "").rpartition("@")[2].lower()
    return values


def _deal(
    values: dict[str, str], changed: set[str], pipelines: dict[str, Pipeline]
) -> dict[str, str]:
    stage = stage_of(pipelines, values.get("pipeline"), values.get("dealstage"))
    if changed & {"pipeline", "dealstage"} and stage is not None:
        values["hs_is_closed"] = _flag(is_true=stage.closed)
        values["hs_is_closed_won"] = _flag(is_true=stage.won)
        values["hs_is_closed_lost"] = _flag(is_true=stage.closed and not stage.won)
        values["hs_deal_stage_probability"] = stage.probability
    if changed & {"amount", "deal_currency_code", "pipeline", "dealstage"}:
        _work_out_amounts(values)
    return values


def _work_out_amounts(values: dict[str, str]) -> None:
    names = ("amount_in_home_currency", "hs_closed_amount", "hs_projected_amount")
    for name in names:
        values.pop(name, None)
    try:
        amount = Decimal(values.get("amount", ""))
    except InvalidOperation:
        return
    home = amount * HOME_RATES.get(values.get("deal_currency_code", "EUR"), Decimal(1))
    values["amount_in_home_currency"] = format(home.normalize(), "f")
    is_won = values.get("hs_is_closed_won") == "true"
    values["hs_closed_amount"] = values["amount"] if is_won else "0"
    probability = Decimal(values.get("hs_deal_stage_probability", "0"))
    values["hs_projected_amount"] = format((amount * probability).normalize(), "f")


def days_between(created_at: int, close_date: str) -> str:
    """Return whole days from a creation (ms) to a close date (ISO), never below 0."""
    return str(max(0, (parse_moment(close_date) - created_at) // DAY_MS))


def _flag(*, is_true: bool) -> str:
    return "true" if is_true else "false"
