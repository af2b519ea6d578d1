"""The file that every loader gets: made-up contacts and deals, as the tap sends them."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, Final

import msgspec

from target_crmhub_postgres.mapping import load_mapping

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from target_crmhub_postgres.mapping import Kind, Stream

#: Records between two STATE messages.
_STATE_EVERY: Final = 10_000
_BEGAN: Final = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)
_SECONDS: Final = 60_000_000
#: What every record holds beside its stream's properties, with the JSON Schema of each.
_FIELDS: Final[dict[str, dict[str, Any]]] = {
    "id": {"type": "string"},
    "createdAt": {"type": ["string", "null"], "format": "date-time"},
    "updatedAt": {"type": ["string", "null"], "format": "date-time"},
    "archived": {"type": ["boolean", "null"]},
    "archivedAt": {"type": ["string", "null"], "format": "date-time"},
    "mergedInto": {"type": ["string", "null"]},
}
_JSON_TYPES: Final[dict[Kind, str]] = {
    "numeric": "number",
    "integer": "integer",
    "boolean": "boolean",
}
#: Of the 45 properties of a contact and the 36 of a deal that are stored, those that hold a value.
_FILLED: Final = {
    "contacts": frozenset({
        "email", "phone", "hs_calculated_phone_number", "mobilephone", "lifecyclestage",
        "hs_lead_status", "hubspot_owner_id", "hs_analytics_source", "hs_latest_source",
        "hs_object_source", "hs_persona", "associatedcompanyid", "hs_email_optout",
        "hs_is_unworked", "hs_analytics_num_page_views", "hs_analytics_num_visits",
        "hs_email_delivered", "hs_email_open", "hubspotscore", "num_associated_deals",
        "num_notes", "recent_deal_amount", "first_conversion_date", "notes_last_contacted",
        "notes_last_updated", "hs_lifecyclestage_lead_date", "recent_deal_close_date",
    }),
    "deals": frozenset({
        "dealname", "amount", "deal_currency_code", "amount_in_home_currency", "pipeline",
        "dealstage", "closedate", "hs_is_closed", "hs_is_closed_won",
        "hs_deal_stage_probability", "dealtype", "hubspot_owner_id", "hs_analytics_source",
        "hs_object_source", "hs_priority", "hs_primary_associated_company", "days_to_close",
        "hs_acv", "hs_forecast_amount", "hs_projected_amount", "num_associated_contacts",
        "num_notes", "hs_v2_date_entered_current_stage", "notes_last_contacted",
        "notes_last_updated", "notes_next_activity_date", "hs_is_closed_lost",
    }),
}  # fmt: skip
_CHOICES: Final[dict[str, tuple[object, ...]]] = {
    "lifecyclestage": ("subscriber", "lead", "marketingqualifiedlead", "opportunity", "customer"),
    "hs_lead_status": ("NEW", "OPEN", "IN_PROGRESS", "CONNECTED"),
    "deal_currency_code": ("EUR", "USD", "GBP"),
    "dealtype": ("newbusiness", "existingbusiness"),
    "hs_priority": ("low", "medium", "high"),
    "pipeline": ("default", "renewals"),
    "hs_deal_stage_probability": (0.2, 0.4, 0.9, 1.0),
    "dealstage": ("appointmentscheduled", "contractsent", "closedwon", "closedlost"),
}
_SOURCES: Final = ("ORGANIC_SEARCH", "PAID_SEARCH", "DIRECT_TRAFFIC", "EMAIL_MARKETING", "OFFLINE")
_NAMES: Final = ("Ann", "Ben", "Chloe", "Dmitri", "Emre", "Fatima", "Giulia", "Hugo", "Ines", "Jan")


@dataclass(frozen=True, kw_only=True)
class LoadInput:
    """One file of records.

    Two inputs of one seed hold the same records, but for the changed ones.
    """

    contacts: int
    deals: int
    #: The first contact's number: inputs of different numbers have no contact in common.
    first: int = 0
    #: Share of the records that hold a later version than without it.
    changed: float = 0.0
    #: Version of the full pass, if the records are of one.
    version: int | None = None
    #: Seconds since the first reading; the same records are read again later.
    read_after: int = 0

    @property
    def records(self) -> int:
        """How many there are."""
        return self.contacts + self.deals

    def write(self, path: Path) -> None:
        """Write the file."""
        with path.open("wb") as output:
            self._write(output)

    def _write(self, output: IO[bytes]) -> None:
        streams = load_mapping("hubspot").streams
        written = 0
        for name, count in (("contacts", self.contacts), ("deals", self.deals)):
            output.write(_line(_schema(streams[name])))
            for line in self._lines(streams[name], count):
                output.write(line)
                written += 1
                if written % _STATE_EVERY == 0:
                    output.write(_state(written))
        output.write(_state(written))

    def _lines(self, stream: Stream, count: int) -> Iterator[bytes]:
        kinds = _kinds(stream)
        makers = {name: _maker(name, kinds[name]) for name in kinds if name in _FILLED[stream.name]}
        blank = dict.fromkeys([*_FIELDS, *kinds])
        head = b'{"type":"RECORD","stream":"%b","record":' % stream.name.encode()
        read_at = _moment(_SECONDS + self.read_after)
        version = b"" if self.version is None else b',"version":%d' % self.version
        tail = version + b',"time_extracted":"%b"}\n' % read_at.encode()
        every = round(1 / self.changed) if self.changed else 0
        for number in range(self.first, self.first + count):
            dice = random.Random(number)
            updated = dice.randrange(_SECONDS)
            record = blank | {
                "id": str(10_000_000_000 + number * 7),
                "createdAt": _moment(updated // 2),
                "updatedAt": _moment(updated),
                "archived": False,
            }
            for field, make in makers.items():
                record[field] = make(dice, number)
            if every and number % every == 0:
                record["updatedAt"] = _moment(_SECONDS - 1)
                record["num_notes"] = dice.randrange(1_000, 2_000)
            yield head + _ENCODER.encode(record) + tail


_ENCODER: Final = msgspec.json.Encoder()


def _line(message: dict[str, Any]) -> bytes:
    return _ENCODER.encode(message) + b"\n"


def _state(written: int) -> bytes:
    return _line({"type": "STATE", "value": {"bookmarks": {"written": written}}})


def _schema(stream: Stream) -> dict[str, Any]:
    properties = {
        name: {"type": ["null", _JSON_TYPES.get(kind, "string")]}
        for name, kind in _kinds(stream).items()
    }
    schema = {"type": "object", "properties": {**_FIELDS, **properties}}
    return {"type": "SCHEMA", "stream": stream.name, "schema": schema, "key_properties": ["id"]}


def _kinds(stream: Stream) -> dict[str, Kind]:
    """Return property → kind of what the tap asks for, sorted as the tap has it."""
    kinds = {
        source: column.kind
        for column in stream.columns
        if column.fetched
        for source in column.sources
    }
    return dict(sorted({**stream.properties, **kinds}.items()))


def _maker(name: str, kind: Kind) -> Callable[[random.Random, int], object]:
    """Return what makes a value of a property, much like those of a real portal."""
    choices = _CHOICES.get(name)
    if choices is not None:
        return lambda dice, _: dice.choice(choices)
    if kind == "numeric" and ("amount" in name or name == "hs_acv"):
        return lambda dice, _: dice.randrange(10_000_000) / 100
    if name == "hs_calculated_phone_number":
        return _phone
    return _MAKERS[kind]


def _phone(dice: random.Random, number: int) -> str:
    del number
    return f"+4930{dice.randrange(10_000_000, 99_999_999)}"


def _written_phone(dice: random.Random, number: int) -> str | None:
    """Return a number as a person writes it, of one contact in three."""
    return f"+49 151 {dice.randrange(10_000_000, 99_999_999)}" if number % 3 == 0 else None


def _moment(seconds: int) -> str:
    moment = _BEGAN + dt.timedelta(seconds=seconds, milliseconds=seconds % 1_000)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


_MAKERS: Final[dict[Kind, Callable[[random.Random, int], object]]] = {
    "email_pseudonym": lambda dice, number: f"{dice.choice(_NAMES)}.{number}@customer.example",
    "phone_pseudonym": _written_phone,
    "boolean": lambda dice, _: dice.random() < 0.5,
    "numeric": lambda dice, _: dice.randrange(500),
    "timestamptz": lambda dice, _: _moment(dice.randrange(_SECONDS)),
    "id": lambda dice, _: str(71_000_000 + dice.randrange(300)),
    "text": lambda dice, number: f"{dice.choice(_NAMES)} & Sons - renewal {number}",
    "enumeration": lambda dice, _: dice.choice(_SOURCES),
}
