"""A pipeline in figures: its stages in order, what is open, won and lost. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from crmhub.web.status_center.pipeline_readings import StageReading, StageTotal

StageKind = Literal["open", "won", "lost"]

#: Bars show how many deals there are; any other measure is a currency.
DEALS: Final = "deals"
#: A currency that HubSpot did not name: the account's own.
OWN_CURRENCY: Final = "own"
_KINDS: Final[tuple[StageKind, ...]] = ("open", "won", "lost")


@dataclass(frozen=True, kw_only=True)
class StageFigures:
    """The live deals in one stage."""

    label: str
    kind: StageKind
    deals: int
    #: By currency; none for deals without an amount.
    amounts: dict[str, Decimal]
    #: From 0 to 1: the bar's length beside the longest one's.
    share: float


@dataclass(frozen=True, kw_only=True)
class KindFigures:
    """The live deals of all open stages, or of the won, or of the lost ones."""

    kind: StageKind
    deals: int
    amounts: dict[str, Decimal]


@dataclass(frozen=True, kw_only=True)
class PipelineFigures:
    """A pipeline, ready to be shown."""

    stages: list[StageFigures]
    kinds: list[KindFigures]
    #: In the order of their names; the account's own last.
    currencies: list[str]
    #: What the bars show: DEALS or a currency.
    measure: str

    @property
    def deals(self) -> int:
        """How many deals there are."""
        return sum(stage.deals for stage in self.stages)

    @property
    def won_of_closed(self) -> float | None:
        """The share of closed deals that were won; None: nothing is closed."""
        won, lost = (
            next(kind.deals for kind in self.kinds if kind.kind == name) for name in ("won", "lost")
        )
        return won / (won + lost) if won + lost else None


def pipeline_figures(
    stages: Sequence[StageReading], totals: Iterable[StageTotal], *, measure: str = ""
) -> PipelineFigures:
    """Set totals in the order of the stages.

    Args:
        stages: As HubSpot orders them.
        totals: Per stage and currency.
        measure: What bars show. Anything that is neither DEALS nor a currency of the deals: the
            amounts if there is one currency alone, else the deals.
    """
    by_stage: dict[str | None, list[StageTotal]] = {}
    for total in totals:
        by_stage.setdefault(total.stage, []).append(total)
    currencies = _currencies(total for found in by_stage.values() for total in found)
    if measure != DEALS and measure not in currencies:
        measure = currencies[0] if len(currencies) == 1 else DEALS
    known = {stage.external_id for stage in stages}
    rows: list[tuple[str, StageKind, list[StageTotal]]] = [
        (_label(stage), _kind(stage), by_stage.get(stage.external_id, []))
        for stage in stages
        if not stage.archived or stage.external_id in by_stage
    ]
    rows += [
        (f"Stage {key} (unknown)" if key else "Without a stage", "open", by_stage[key])
        for key in sorted(by_stage.keys() - known, key=lambda key: key or "")
    ]
    longest = max((_measured(found, measure) for _, _, found in rows), default=Decimal(0))
    figures = [
        StageFigures(
            label=label,
            kind=kind,
            deals=sum(total.deals for total in found),
            amounts=_amounts(found),
            share=float(max(Decimal(0), _measured(found, measure)) / longest) if longest > 0 else 0,
        )
        for label, kind, found in rows
    ]
    return PipelineFigures(
        stages=figures,
        kinds=[_of_kind(kind, rows) for kind in _KINDS],
        currencies=currencies,
        measure=measure,
    )


def _label(stage: StageReading) -> str:
    label = stage.label or f"Stage {stage.external_id}"
    return f"{label} (archived)" if stage.archived else label


def _kind(stage: StageReading) -> StageKind:
    """HubSpot: a closed stage of probability 1 is won, any other closed one is lost."""
    if not stage.is_closed:
        return "open"
    return "won" if stage.probability == 1 else "lost"


def _measured(totals: Iterable[StageTotal], measure: str) -> Decimal:
    if measure == DEALS:
        return Decimal(sum(total.deals for total in totals))
    return _amounts(totals).get(measure, Decimal(0))


def _amounts(totals: Iterable[StageTotal]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for total in totals:
        if total.amount:
            currency = total.currency or OWN_CURRENCY
            found[currency] = found.get(currency, Decimal(0)) + total.amount
    return {currency: found[currency] for currency in sorted(found, key=_order)}


def _of_kind(
    kind: StageKind, rows: Iterable[tuple[str, StageKind, list[StageTotal]]]
) -> KindFigures:
    found = [total for _, each, totals in rows if each == kind for total in totals]
    return KindFigures(
        kind=kind, deals=sum(total.deals for total in found), amounts=_amounts(found)
    )


def _currencies(totals: Iterable[StageTotal]) -> list[str]:
    return sorted({total.currency or OWN_CURRENCY for total in totals if total.amount}, key=_order)


def _order(currency: str) -> tuple[bool, str]:
    return currency == OWN_CURRENCY, currency
