"""Values of any kind: stored, or refused by path before the server sees them, and never quoted."""

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

if TYPE_CHECKING:
    from databases import TestDatabase
    from target.loading import Hub, Message
    from warm_programs import WarmPrograms

MARK = "zzmark"
MEGABYTES = MARK * 1_700_000

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
    ("fields", "message"),
    [
        ({"email": MEGABYTES}, "key 1: email is longer than 65536 characters"),
        ({"lifecyclestage": MEGABYTES}, "key 1: lifecyclestage is longer than 65536 characters"),
        ({"num_notes": MEGABYTES}, "key 1: num_notes must be a number, is text"),
        ({"createdAt": MEGABYTES}, "key 1: createdAt must be a moment"),
        ({"hubspot_owner_id": MEGABYTES}, "key 1: hubspot_owner_id is longer than 65536"),
        ({"email": [MEGABYTES]}, "key 1: email must be text, is an array"),
        ({"id": MEGABYTES}, "key not shown: id is longer than 65536 characters"),
    ],
)
def test_ten_megabytes_in_one_value_are_refused_by_path(
    hub: Hub, fields: dict[str, Any], message: str
) -> None:
    line: Message = record("contacts", **{"id": "1", **fields})
    with pytest.raises(InvalidRecordError, match=message) as refusal:
        hub.load([schema("contacts"), line])
    assert MARK not in refusal.value.message


def test_ten_megabytes_in_a_property_that_is_not_stored_are_dropped(hub: Hub) -> None:
    hub.load([schema("contacts"), record("contacts", id="1", firstname=MEGABYTES)])
    assert hub.keys("crm_contacts") == ["1"]


def test_a_state_of_ten_megabytes_is_printed_as_it_came(hub: Hub) -> None:
    ended = hub.run([state(bookmark=MEGABYTES)])
    assert ended.states == [{"bookmark": MEGABYTES}]


def test_a_currency_that_is_no_code_is_refused_before_the_totals_stumble_over_it(hub: Hub) -> None:
    """The totals are kept by currency: an entry of their index holds at most 2,704 bytes."""
    long = "".join(random.Random(1).choices(string.ascii_letters, k=9_000))
    lines = [schema("deals"), record("deals", id="1", deal_currency_code=long)]
    with pytest.raises(InvalidRecordError, match="key 1: deal_currency_code must be an id"):
        hub.load(lines)


@pytest.mark.parametrize("ending", ["", "\n", "\n\n", "\r\n"])
def test_a_last_line_may_end_in_any_way(hub: Hub, ending: str) -> None:
    lines = [json.dumps(line) for line in (schema("contacts"), record("contacts", id="1"))]
    ended = hub.run_with(hub.config, ("\r\n".join(lines) + ending).encode())
    assert ended.status == 0, ended.stderr
    assert hub.keys("crm_contacts") == ["1"]
