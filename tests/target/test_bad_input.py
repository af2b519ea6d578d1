"""Values of any kind: stored, null or refused by path before the server sees them, never quoted."""

from __future__ import annotations

import itertools
import json
import random
import string
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from target.loading import KEYS, new_hub, record, schema, state

from target_crmhub_postgres.errors import InvalidRecordError
from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.target import TargetCrmHubPostgres
from target_crmhub_postgres.values import LONGEST_ID

if TYPE_CHECKING:
    from databases import TestDatabase
    from target.loading import Hub, Message
    from warm_programs import WarmPrograms

MARK = "zzmark"
MEGABYTES = MARK * 1_700_000

#: Columns of a contact that hold a value whatever the record holds.
ALWAYS_FILLED = {
    "org_id", "connection_id", "external_id", "properties", "source_updated_at", "source_read_at",
    "archived", "synced_at",
}  # fmt: skip

_STREAMS = load_mapping("hubspot", TargetCrmHubPostgres.mapping_folder).streams
_numbers = itertools.count(1)

TEXT = st.one_of(
    st.text(max_size=20),
    # Incompressible and longer than an entry of an index may be.
    st.integers(0, 2**32).map(
        lambda seed: "".join(random.Random(seed).choices(string.ascii_letters, k=9_000))
    ),
    st.sampled_from(["\0", "\ud83d", "\ufeff", "1e400", "-0", "NaN", "true", "²", "٣", " ", "1_0"]),
    st.datetimes().map(lambda moment: f"{moment.isoformat()}Z"),
    st.sampled_from(["0000-01-01", "9999-12-31T23:59:60Z", "9999-12-31T23:59:59-14:00", "-1"]),
)
VALUES: st.SearchStrategy[Any] = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**999, 10**1002, -(2**63), 0.1, 1e308, 5e-324]),
    TEXT,
    st.lists(TEXT, max_size=2),
    st.dictionaries(st.text(max_size=3), TEXT, max_size=2),
)


def names(stream: str) -> list[str]:
    """The fields that the mapping reads of a stream's records."""
    described = _STREAMS[stream]
    sources = [source for column in described.columns for source in column.sources]
    return [*sources, *described.properties]


def refusal_of(hub: Hub, messages: list[Message]) -> str | None:
    """The words of a refusal for what a record holds; None without one."""
    try:
        hub.load(messages)
    except InvalidRecordError as refusal:
        return refusal.message
    return None


@pytest.fixture(scope="module")
def any_hub(shared_database: TestDatabase, programs: WarmPrograms) -> Hub:
    """One connection for many examples."""
    return new_hub(shared_database, programs)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_value_is_the_server_never_refuses_it(any_hub: Hub, data: st.DataObject) -> None:
    stream = data.draw(st.sampled_from(["contacts", "deals", "owners", "pipelines"]))
    # Not all at once: the first that is refused would hide the others.
    chosen = data.draw(st.lists(st.sampled_from(names(stream)), max_size=3, unique=True))
    fields = {name: data.draw(VALUES) for name in chosen}
    if stream == "pipelines":
        fields["stages"] = [{"id": "1", "label": data.draw(TEXT), "probability": data.draw(VALUES)}]
    message = record(stream, **{KEYS[stream]: str(next(_numbers)), **fields})
    refusal = refusal_of(any_hub, [schema(stream), message])
    assert refusal is None or refusal.startswith(f"stream {stream}, key ")


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(key=VALUES, member=VALUES)
@example(key="7" * 255, member="8" * 255)
def test_whatever_a_key_is_the_server_never_refuses_it(
    any_hub: Hub, key: object, member: object
) -> None:
    links = record("deal_contacts", deal_id=key, contacts=[{"id": member}])
    refusal = refusal_of(any_hub, [schema("deal_contacts"), links])
    assert refusal is None or refusal.startswith("stream deal_contacts")


@pytest.mark.parametrize(
    "fields",
    [
        {"email": MEGABYTES},
        {"lifecyclestage": MEGABYTES},
        {"num_notes": MEGABYTES},
        {"createdAt": MEGABYTES},
        {"hubspot_owner_id": MEGABYTES},
        {"email": [MEGABYTES]},
    ],
)
def test_ten_megabytes_in_one_value_cost_that_value(
    hub: Hub, caplog: pytest.LogCaptureFixture, fields: dict[str, Any]
) -> None:
    line: Message = record("contacts", **{"id": "1", "hs_persona": "kept", **fields})
    hub.load([schema("contacts"), line])
    [contact] = hub.rows("crm_contacts")
    filled = {name for name, value in contact.items() if value is not None}
    assert filled == ALWAYS_FILLED
    assert contact["properties"] == {"hs_persona": "kept"}
    [name] = fields
    assert f"contacts.{name} " in caplog.text
    assert MARK not in caplog.text


def test_ten_megabytes_in_a_key_are_refused_by_path(hub: Hub) -> None:
    with pytest.raises(InvalidRecordError, match="key not shown: id is longer than 65536") as told:
        hub.load([schema("contacts"), record("contacts", id=MEGABYTES)])
    assert MARK not in told.value.message


def test_ten_megabytes_in_a_property_that_is_not_stored_are_dropped(hub: Hub) -> None:
    hub.load([schema("contacts"), record("contacts", id="1", firstname=MEGABYTES)])
    assert hub.keys("crm_contacts") == ["1"]


def test_a_state_of_ten_megabytes_is_printed_as_it_came(hub: Hub) -> None:
    ended = hub.run([state(bookmark=MEGABYTES)])
    assert ended.states == [{"bookmark": MEGABYTES}]


def test_ids_of_every_length_fit_into_the_index_of_the_totals(hub: Hub) -> None:
    """The totals are kept by four ids: an entry of their index holds at most 2,704 bytes."""
    dice = random.Random(1)
    fields = ("pipeline", "dealstage", "hubspot_owner_id", "deal_currency_code")

    def ids(length: int) -> dict[str, Any]:
        return {name: "".join(dice.choices(string.ascii_letters, k=length)) for name in fields}

    longest, longer = ids(LONGEST_ID), ids(LONGEST_ID + 1)
    deals = [record("deals", id=key, **each) for key, each in (("1", longest), ("2", longer))]
    hub.load([schema("deals"), *deals])
    columns = ("pipeline_external_id", "stage_external_id", "owner_external_id", "currency")
    stored = [set(row.values()) for row in hub.rows("crm_pipeline_totals", *columns)]
    assert sorted(stored, key=len) == [{None}, set(longest.values())]


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\r\n"])
def test_a_last_line_may_end_in_any_way(hub: Hub, ending: str) -> None:
    lines = [json.dumps(line) for line in (schema("contacts"), record("contacts", id="1"))]
    ended = hub.run_with(hub.config, ("\r\n".join(lines) + ending).encode())
    assert ended.status == 0, ended.stderr
    assert hub.keys("crm_contacts") == ["1"]
