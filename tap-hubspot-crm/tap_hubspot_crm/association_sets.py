"""Reads what records are associated with, and accounts for each of them: whole sets or none.

Association reads have been seen to pass records over in silence, to answer `PENDING`, and to give
the same page for every cursor (public bug reports). A set is empty only where HubSpot says so
twice.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tap_hubspot_crm.association_account import LinkType, SetsAccount
from tap_hubspot_crm.batch_read import AGAIN_AFTER, MOST_ALONE
from tap_hubspot_crm.dividing import divide
from tap_hubspot_crm.errors import TapError, UnexpectedResponseError
from tap_hubspot_crm.reading import SILENCE
from tap_hubspot_crm.retrying import BRIEF, PATIENT, STEADY, RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence
    from datetime import datetime

    from tap_hubspot_crm.client import HubSpotClient

logger = logging.getLogger("HubSpotConnector")

#: HubSpot's changelog says 1,000; an earlier one said 100, which is tried where 1,000 fail.
ASSOCIATIONS_LIMIT: Final = 1_000
FORMER_ASSOCIATIONS_LIMIT: Final = 100
_NOT_FOUND: Final = 404


@dataclass(frozen=True, kw_only=True)
class AssociationSets:
    """For each asked id, the ids it is associated with and the types of each association."""

    links: Mapping[str, Mapping[str, frozenset[LinkType]]] = field(repr=False)
    #: Id to the reason why its set could not be read; nothing may be concluded about it.
    unread: Mapping[str, str] = field(default_factory=dict)
    answered_at: datetime


class AssociationReader:
    """Reads the associations from one object type to another."""

    def __init__(
        self,
        client: HubSpotClient,
        from_type: str,
        to_type: str,
        *,
        beside: Callable[[Collection[str]], str | None] = lambda _ids: None,
    ) -> None:
        """Prepare reading between two of `OBJECT_TYPES`.

        Args:
            client: Sends the requests.
            from_type: Whose associations they are.
            to_type: What with.
            beside: Finds a record of the first type that is not among some ids.
        """
        self._client = client
        self._beside = beside
        self._endpoint = client.paths.associations(from_type, to_type)
        #: The most records in one request; less where HubSpot could only answer for fewer.
        self._most = ASSOCIATIONS_LIMIT
        #: Whether HubSpot refused single records: then a failure is looked into without waiting.
        self._has_refused = False
        self._read_before: str | None = None

    def read(self, ids: Sequence[str], *, policy: RetryPolicy = STEADY) -> AssociationSets:
        """Return the whole sets of up to 1,000 records.

        HubSpot says "no associations" by an error in the body, and pages each record's set by
        itself (associations guide).

        Raises:
            TapError: A request failed, or an answer is not of the documented form.
        """
        most = self._most
        return _joined(
            [self._block(ids[start : start + most], policy) for start in range(0, len(ids), most)]
        )

    def _block(self, ids: Sequence[str], policy: RetryPolicy) -> AssociationSets:
        try:
            sets = self._accounted(ids, BRIEF if self._has_refused else policy)
        except TapError as error:
            if not error.is_divisible:
                raise
            return self._divided(ids, error, policy)
        return self._noted(sets)

    def _noted(self, sets: AssociationSets) -> AssociationSets:
        self._read_before = next(iter(sets.links), self._read_before)
        return sets

    def _divided(self, ids: Sequence[str], error: TapError, policy: RetryPolicy) -> AssociationSets:
        if len(ids) > FORMER_ASSOCIATIONS_LIMIT:
            parts = [
                self._block(ids[start : start + FORMER_ASSOCIATIONS_LIMIT], policy)
                for start in range(0, len(ids), FORMER_ASSOCIATIONS_LIMIT)
            ]
            self._most = FORMER_ASSOCIATIONS_LIMIT
            return _joined(parts)
        brief = partial(self._accounted, policy=BRIEF)
        division = divide(brief, ids)
        if not division.answers:
            if not self._others_can_be_read(ids):
                if policy is STEADY:
                    return self._accounted(ids, PATIENT)
                raise error
            division = divide(brief, ids, to_the_end=True)
        elif not division.refused:
            self._most = min(self._most, division.largest)
        refused = division.refused or ({} if division.answers else dict.fromkeys(ids, error))
        unread = {
            id_: why.category.lower() or f"status {why.status}" for id_, why in refused.items()
        }
        self._has_refused = self._has_refused or bool(refused)
        now = self._client.clock.now()
        parts = [*division.answers, AssociationSets(links={}, unread=unread, answered_at=now)]
        return self._noted(_joined(parts))

    def _others_can_be_read(self, ids: Sequence[str]) -> bool:
        id_ = self._read_before
        if id_ is None or id_ in ids:
            id_ = self._beside(ids)
        if id_ is None:
            return False
        try:
            self._accounted([id_], BRIEF)
        except TapError:
            return False
        return True

    def _accounted(self, ids: Sequence[str], policy: RetryPolicy) -> AssociationSets:
        account = SetsAccount(self._endpoint, ids)
        self._ask(account, account.open, policy)
        waits = iter(AGAIN_AFTER)
        while account.open:
            pages = account.pages
            seconds = next(waits, None)
            if seconds is None:
                break
            self._client.pause(seconds)
            self._ask(account, account.open, policy)
            # A long set may take many answers; only those that bring nothing count.
            waits = iter(AGAIN_AFTER) if account.pages > pages else waits
        unread = self._alone(account, policy)
        empty = account.empty
        if empty:
            # Some deals lose all contacts for one answer only: what is empty is asked for twice.
            again = SetsAccount(self._endpoint, empty)
            self._ask(again, again.open, policy)
            unread |= self._alone(again, policy)
            account.links |= again.links
        return AssociationSets(
            links={
                id_: {to_id: frozenset(types) for to_id, types in links.items()}
                for id_, links in account.links.items()
                if id_ not in unread
            },
            unread=unread,
            answered_at=account.answered_at or self._client.clock.now(),
        )

    def _alone(self, account: SetsAccount, policy: RetryPolicy) -> dict[str, str]:
        """Ask for each record that got no answer by itself; return those that stay without one."""
        unread: dict[str, str] = {}
        is_answered_alone = False
        for id_ in account.open:
            if len(unread) < MOST_ALONE or is_answered_alone:
                self._ask(account, [id_], policy)
                if id_ in account.open:
                    self._client.pause(AGAIN_AFTER[0])
                    self._ask(account, [id_], policy)
                is_answered_alone = is_answered_alone or id_ not in account.open
            if id_ in account.open:
                unread[id_] = SILENCE
        return unread

    def _ask(self, account: SetsAccount, ids: Sequence[str], policy: RetryPolicy) -> None:
        """Ask for sets, and for their further pages as long as each answer brings some."""
        while ids:
            try:
                answer = self._client.post(
                    self._endpoint, {"inputs": account.inputs(ids)}, policy=policy
                )
            except UnexpectedResponseError as error:
                if error.status != _NOT_FOUND or error.category != "OBJECT_NOT_FOUND":
                    raise
                account.none_of(ids)
                return
            account.answered_at = account.answered_at or answer.answered_at
            try:
                ids = account.take(answer.body, ids)
            except (TypeError, KeyError, ValueError, AttributeError):
                raise UnexpectedResponseError(
                    f"an association in HubSpot's answer to {self._endpoint.path} lacks an id or "
                    "its types",
                    category="MALFORMED",
                    is_divisible=True,
                ) from None


def _joined(parts: Sequence[AssociationSets]) -> AssociationSets:
    links: dict[str, Mapping[str, frozenset[LinkType]]] = {}
    unread: dict[str, str] = {}
    for part in parts:
        links |= part.links
        unread |= part.unread
    return AssociationSets(
        links=links, unread=unread, answered_at=min(part.answered_at for part in parts)
    )


def link_record(deal_id: str, links: Mapping[str, frozenset[LinkType]]) -> dict[str, Any]:
    """Return the `deal_contacts` record of a deal, its contacts and their types in fixed order."""
    return {
        "deal_id": deal_id,
        "contacts": [
            {
                "id": contact_id,
                "types": [
                    {"category": category, "type_id": type_id, "label": label}
                    for category, type_id, label in sorted(
                        links[contact_id], key=lambda kind: (kind[0], kind[1], kind[2] or "")
                    )
                ],
            }
            for contact_id in sorted(links, key=int)
        ],
    }
