"""Lines come in blocks, which are decoded at once: what is loaded is the same as line by line."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from target.loading import encoded, record, schema

from target_crmhub_postgres.mapping import load_mapping
from target_crmhub_postgres.quick_messages import QuickDecoder
from target_crmhub_postgres.values import LONGEST_TEXT

if TYPE_CHECKING:
    from target.loading import Hub, Message

DECODER = QuickDecoder(load_mapping("hubspot"))


def contact(number: int, **fields: Any) -> Message:  # noqa: ANN401 - of any type, right or wrong
    return record("contacts", id=str(number), **fields)


def line(message: Message) -> bytes:
    return json.dumps(message).encode()


#: Lines that come by themselves, some of which only the full reader may take.
LINES = (
    line(contact(1, email="ann@example.com", num_notes=3)),
    line(contact(2, hs_persona="two\nlines")),
    line(contact(3, version=7)),
    line(record("deals", id="4", amount=12.5)),
    line(contact(5, hs_persona="a\0b")),
    line(contact(6, hs_persona="x" * (LONGEST_TEXT + 1))),
    line(contact(7, custom="y" * (LONGEST_TEXT * 3))),
    line({"type": "STATE", "value": {}}),
    line(record("owners", id="8")),
    line({"type": "RECORD", "stream": "unheard of", "record": {}}),
    b"{",
    b"",
    b"  ",
)


@settings(max_examples=400, deadline=None)
@given(
    lines=st.lists(st.sampled_from(LINES), min_size=1, max_size=6),
    often=st.integers(1, 200),
    ending=st.sampled_from([b"", b"\n"]),
)
def test_a_block_is_decoded_only_to_what_its_lines_are(
    lines: list[bytes], often: int, ending: bytes
) -> None:
    lines = [*lines, *LINES[:1] * often] if LINES[0] in lines else lines
    block = b"\n".join(lines) + ending
    together = DECODER.decode_lines(block)
    if together is not None:
        assert together == [DECODER.decode(each) for each in block.removesuffix(b"\n").split(b"\n")]


def test_ordinary_lines_are_decoded_together() -> None:
    lines = [line(contact(number, email="a@b.example", jobtitle="\\")) for number in range(500)]
    assert len(DECODER.decode_lines(b"\n".join(lines)) or []) == len(lines)


def some_records() -> list[Message]:
    """Records as they come, and now and then as they hardly ever do."""
    dice = random.Random(5)
    found: list[Message] = []
    for number in range(4_000):
        fields: dict[str, Any] = {"email": f"{number}@example.com", "num_notes": number % 7}
        if number % 5 == 0:
            fields |= {"recent_deal_amount": number / 8, "notes_last_updated": "2026-10-01T00:00Z"}
        if dice.random() < 0.02:
            fields |= dice.choice([
                {"mergedInto": "1"}, {"id": str(number // 2)}, {"hs_persona": "a\0b"},
                {"hs_persona": "ask ann@example.com"}, {"hs_analytics_source": ""},
                {"notes_last_updated": "2026-10-01T02:00:00+02:00"}, {"hubspotscore": "12"},
                {"hubspotscore": 10**30}, {"associatedcompanyid": "a-1"}, {"phone": "030 12"},
                {"hs_persona": 7}, {"num_notes": "many"}, {"hubspot_owner_id": "a@b.example"},
                {"createdAt": "2026-02-30T00:00:00Z"}, {"hs_email_optout": "maybe"},
            ])  # fmt: skip
        if dice.random() < 0.01:
            found.append({"type": "STATE", "value": {"number": number}})
        read = "2026-11-01T12:00:00Z" if dice.random() < 0.9 else "2026-11-01T12:00:01Z"
        found.append(record("contacts", read, **{"id": str(number), **fields}))
    return found


def test_blocks_load_what_lines_load(hub: Hub) -> None:
    messages = [schema("contacts"), *some_records()]
    in_lines = hub.another().having(batch_size_rows=1_500)
    in_lines.load(messages)
    ended = hub.having(batch_size_rows=1_500).run(messages)
    assert ended.status == 0, ended.stderr
    assert stored(hub) == stored(in_lines)


def stored(hub: Hub) -> list[dict[str, Any]]:
    """Everything of the contacts that does not depend on organisation or moment."""
    apart = {"org_id", "connection_id", "synced_at", "email_hash", "phone_hash"}
    return [
        {name: value for name, value in row.items() if name not in apart}
        | {"has_email": row["email_hash"] is not None}
        for row in hub.rows("crm_contacts")
    ]


def test_full_passes_are_seen_in_blocks_as_in_lines(hub: Hub) -> None:
    messages = [
        schema("contacts"),
        *(contact(number) | {"version": 1 + (number > 2_000)} for number in range(3_000)),
    ]
    ended = hub.run(messages)
    assert ended.status == 0, ended.stderr
    seen = hub.rows("full_pass_seen", "version", "external_id")
    assert len(seen) == 3_000
    assert {row["version"] for row in seen if int(row["external_id"]) > 2_000} == {2}


@pytest.mark.parametrize("odd", [True, "1", -1, 1.0, 2**63])
def test_a_version_that_is_none_is_refused_among_many(hub: Hub, odd: object) -> None:
    messages = [contact(number) | {"version": 1} for number in range(2_000)]
    messages[1_500]["version"] = odd
    ended = hub.run([schema("contacts"), *messages])
    assert (ended.status, ended.error["error_class"]) == (1, "invalid_record")
    assert ended.error["message"] == "stream contacts: version must be a whole number"


def test_two_messages_in_a_line_lose_nothing(hub: Hub) -> None:
    """That is no line of Singer; where lines and messages come out even, each is loaded once."""
    start, broken = encoded([schema("contacts")]), line(contact(1)) + line(contact(2)) + b"\n\n"
    many = encoded(contact(number) for number in range(10, 2_000))
    ended = hub.run_with(hub.config, start + many + broken + many)
    if ended.status == 0:
        assert {"1", "2"} <= set(hub.keys("crm_contacts"))
    else:
        assert ended.error["error_class"] == "invalid_record"


def test_a_message_that_is_looked_at_closely_is_never_taken_for_another(hub: Hub) -> None:
    start = encoded([schema("contacts"), *(contact(number) for number in range(10, 2_000))])
    broken = line(contact(1)) + line(contact(2, mergedInto="1")) + b"\n\n"
    ended = hub.run_with(hub.config, start + broken * 400)
    assert (ended.status, ended.error["error_class"]) == (1, "invalid_record")
