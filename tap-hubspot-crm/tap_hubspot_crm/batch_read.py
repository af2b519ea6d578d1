"""Reads records by id and accounts for each id: found, merged, absent or left without an answer.

Batch reads have been seen to pass ids over in silence, to answer `PENDING`, and to fail as a whole
because of one record (HubSpot Community; public bug reports). Silence is not an answer, and one odd
record must not cost the others.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Final

from tap_hubspot_crm.dividing import divide
from tap_hubspot_crm.errors import TapError
from tap_hubspot_crm.object_requests import SEARCH_LIMIT, BatchAnswer
from tap_hubspot_crm.reading import SILENCE, Reading, joined
from tap_hubspot_crm.retrying import BRIEF, PATIENT, STEADY, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tap_hubspot_crm.object_requests import ObjectRequests
    from tap_hubspot_crm.readable import ReadableProperties
    from tap_hubspot_crm.rows import Row

logger = logging.getLogger("HubSpotConnector")

BATCH_LIMIT: Final = 100
#: Seconds before ids without an answer are asked for again, together and then alone.
AGAIN_AFTER: Final = (0.5, 1.0)
#: After so many ids that got no answer alone either, the others are not asked for alone.
MOST_ALONE: Final = 10


class BatchReader:
    """Reads one object type by id."""

    def __init__(self, requests: ObjectRequests, properties: ReadableProperties) -> None:
        """Prepare reading.

        Args:
            requests: Sends the requests.
            properties: What is asked for of each record.
        """
        self._requests = requests
        self._properties = properties
        #: The most ids in one request; less where HubSpot could only answer for fewer.
        self._most = BATCH_LIMIT
        #: Whether HubSpot refused single records: then a failure is looked into without waiting.
        self._has_refused = False
        #: An id that was read, to tell a record that cannot be from a service that cannot.
        self._read_before: str | None = None

    def read(
        self, ids: Sequence[str], *, archived: bool = False, policy: RetryPolicy = STEADY
    ) -> Reading:
        """Return up to 100 rows by id, fresh from the store.

        A merged id brings the row it is part of now, under that row's id (HubSpot: changelog on
        merging). Which asked id a foreign row stands for is not said unless the row lists it, so
        what stays open is asked for one by one.

        Raises:
            TapError: HubSpot could answer for none of them.
        """
        most = self._most
        return joined(
            self._block(ids[start : start + most], archived=archived, policy=policy)
            for start in range(0, len(ids), most)
        )

    def read_listed(self, ids: Sequence[str], *, archived: bool) -> Reading:
        """Return rows that a listing shows; one is only taken for missing if it is so twice."""
        reading = self.read(ids, archived=archived)
        if not reading.missing:
            return reading
        again = self.read(sorted(reading.missing, key=int), archived=archived)
        return joined((_without_missing(reading), again))

    def _block(self, ids: Sequence[str], *, archived: bool, policy: RetryPolicy) -> Reading:
        try:
            reading = self._accounted(
                ids, archived=archived, policy=BRIEF if self._has_refused else policy
            )
        except TapError as error:
            if not error.is_divisible:
                raise
            return self._divided(ids, error, archived=archived, policy=policy)
        return self._noted(reading, archived=archived)

    def _noted(self, reading: Reading, *, archived: bool) -> Reading:
        if reading.rows and not archived:
            self._read_before = reading.rows[-1].id
        return reading

    def _divided(
        self, ids: Sequence[str], error: TapError, *, archived: bool, policy: RetryPolicy
    ) -> Reading:
        """Read what a request for all of the ids failed for."""
        brief = partial(self._accounted, archived=archived, policy=BRIEF)
        division = divide(brief, ids)
        if division.answers:
            if not division.refused:
                self._most = min(self._most, division.largest)
                logger.info(
                    "%s: HubSpot reads %d records at a time, not %d",
                    self._requests.object_type, division.largest, len(ids),
                )  # fmt: skip
            return self._noted(self._unread(division.answers, division.refused), archived=archived)
        if self._others_can_be_read(ids):
            # HubSpot serves others: these records are at fault, or it has just come back.
            division = divide(brief, ids, to_the_end=True) if len(ids) > 1 else division
            refused = division.refused or ({} if division.answers else dict.fromkeys(ids, error))
            return self._unread(division.answers, refused)
        if self._properties.narrow(error, partial(self._probe, ids)):
            return self._block(ids, archived=archived, policy=policy)
        if policy is STEADY:
            return self._accounted(ids, archived=archived, policy=PATIENT)
        raise error

    def _unread(self, answers: Sequence[Reading], refused: Mapping[str, TapError]) -> Reading:
        """Return what could be read, and why the rest could not."""
        self._has_refused = self._has_refused or bool(refused)
        unread = {id_: _reason(why) for id_, why in refused.items()}
        return joined(
            (*answers, Reading(unread=unread, answered_at=self._requests.client.clock.now()))
        )

    def _others_can_be_read(self, ids: Collection[str]) -> bool:
        """Say whether a record that was read before can be read now, too."""
        id_ = self._read_before
        if id_ is None or id_ in ids:
            id_ = self.found_beside(ids)
        try:
            return id_ is not None and bool(self._ask([id_], archived=False, policy=BRIEF).rows)
        except TapError:
            return False

    def found_beside(self, ids: Collection[str]) -> str | None:
        """Return the id of a live record that is not among these, None if none is found.

        By a search: a listing may fail for the same records.
        """
        payload = {
            "filterGroups": [],
            "sorts": [{"propertyName": "hs_object_id", "direction": "DESCENDING"}],
            "properties": [self._requests.modified_property],
            "limit": min(SEARCH_LIMIT, 2 * len(ids) + 1),
        }
        try:
            found = self._requests.search(payload, policy=BRIEF)
        except TapError:
            return None
        return next((row.id for row in found.rows if row.id not in ids), None)

    def _accounted(self, ids: Sequence[str], *, archived: bool, policy: RetryPolicy) -> Reading:
        answer = self._ask(ids, archived=archived, policy=policy)
        account = _Account(ids, answer)
        for seconds in AGAIN_AFTER:
            if not account.silent or account.has_foreign_rows:
                break
            self._requests.client.pause(seconds)
            account.take(self._ask(account.silent, archived=archived, policy=policy))
        unread: dict[str, str] = {}
        is_answered_alone = False
        for id_ in account.silent:
            if len(unread) >= MOST_ALONE and not is_answered_alone:
                unread[id_] = SILENCE
            elif account.take_alone(id_, self._ask([id_], archived=archived, policy=policy)):
                is_answered_alone = True
            else:
                self._requests.client.pause(AGAIN_AFTER[0])
                again = self._ask([id_], archived=archived, policy=policy)
                if not account.take_alone(id_, again):
                    unread[id_] = SILENCE
        return account.reading(unread)

    def _ask(self, ids: Sequence[str], *, archived: bool, policy: RetryPolicy) -> BatchAnswer:
        answers = self._properties.ask(
            lambda names: self._requests.batch(ids, names, archived=archived, policy=policy),
            probe=partial(self._probe, ids),
        )
        if len(answers) == 1:
            return answers[0]
        rows = {
            id_: self._requests.reader.completed([answer.rows[id_] for answer in answers])
            for id_ in answers[0].rows
            if all(id_ in answer.rows for answer in answers)
        }
        return BatchAnswer(
            rows=rows,
            absent=frozenset[str]().union(*(answer.absent for answer in answers)) - set(rows),
            answered_at=answers[0].answered_at,
        )

    def _probe(self, ids: Sequence[str], names: Sequence[str]) -> object:
        """Ask for some properties of a record that was read before, if there is one."""
        id_ = self._read_before or self.found_beside(ids) or ids[0]
        return self._requests.batch([id_], names, archived=False, policy=BRIEF)


class _Account:
    """What is known of each asked id."""

    def __init__(self, ids: Sequence[str], answer: BatchAnswer) -> None:
        self._ids = tuple(dict.fromkeys(ids))
        self._asked = frozenset(ids)
        self._rows: dict[str, Row] = {}
        self._merged: dict[str, Row] = {}
        self._missing: set[str] = set()
        self._answered_at = answer.answered_at
        self.take(answer)

    @property
    def silent(self) -> list[str]:
        """Ids of which nothing is known, in the order in which they were asked for."""
        known = {*self._rows, *self._merged, *self._missing}
        return [id_ for id_ in self._ids if id_ not in known]

    @property
    def has_foreign_rows(self) -> bool:
        """Whether rows came under ids that were not asked for: ids without a row are merged."""
        explained = {row.id for row in self._merged.values()}
        return not {*self._rows} <= self._asked | explained

    def take(self, answer: BatchAnswer) -> None:
        """Take over an answer."""
        self._rows |= answer.rows
        self._missing |= answer.absent
        self._merged |= {
            loser: row
            for row in answer.rows.values()
            for loser in row.merged_ids
            if loser in self._asked and loser not in self._rows
        }

    def take_alone(self, id_: str, answer: BatchAnswer) -> bool:
        """Take over an answer about one id; return whether it says anything about it."""
        self.take(answer)
        foreign = [row for row in answer.rows.values() if row.id != id_]
        if foreign and id_ not in self._rows:
            self._merged[id_] = foreign[0]
        return id_ not in self.silent

    def reading(self, unread: Mapping[str, str]) -> Reading:
        """Return what the answers say."""
        return Reading(
            rows=tuple(self._rows[id_] for id_ in self._ids if id_ in self._rows),
            merged=self._merged,
            missing=frozenset(self._missing.difference(self._rows, self._merged)),
            unread=unread,
            answered_at=self._answered_at,
        )


def _without_missing(reading: Reading) -> Reading:
    return Reading(
        rows=reading.rows,
        merged=reading.merged,
        unread=reading.unread,
        answered_at=reading.answered_at,
    )


def _reason(error: TapError) -> str:
    return error.category.lower() or f"status {error.status}"


def blocks(ids: Iterable[str], size: int) -> list[list[str]]:
    """Return ids in rising order, in blocks of one request each."""
    ordered = sorted(ids, key=int)
    return [ordered[start : start + size] for start in range(0, len(ordered), size)]
