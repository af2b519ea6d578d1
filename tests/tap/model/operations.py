"""What people and programs do to a portal, by chance."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tap.model.silence import deals_of

from hubspot_sandbox.links import LABELS
from hubspot_sandbox.pipelines import Owner, Stage
from hubspot_sandbox.properties import PropertyDefinition

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from random import Random

    from tap.model.comparison import ObjectStream
    from tap.model.silence import Silence

    from hubspot_sandbox.sandbox import SandboxPortal

_STREAMS: tuple[ObjectStream, ...] = ("contacts", "contacts", "deals")
#: Names of the properties that edits write; each portal has them.
WRITTEN: dict[ObjectStream, tuple[str, ...]] = {
    "contacts": ("firstname", "lifecyclestage", "phone"),
    "deals": ("dealname", "amount", "closedate"),
}
_MOST_OWNERS = 40
#: One id in so many is hot.
_HOT = 10


class Operations:
    """Draws changes and makes them, and tells `Silence` which leave a trace."""

    def __init__(self, portal: SandboxPortal, silence: Silence, rng: Random) -> None:
        self._portal = portal
        self._silence = silence
        self._rng = rng
        self.count = 0
        #: A record that somebody edits again and again.
        self._favourite: dict[ObjectStream, str] = {}
        #: So that records come back soon, and go again.
        self._archived_lately: list[str] = []
        #: Tells which records the tap knows as archived, if no run is cut short and no state lost:
        #: then the archived listing misses those that were restored. What was edited, archived
        #: and restored between two looks at it shows nowhere.
        self.known_archived: Callable[[ObjectStream], Collection[str]] = lambda _: ()
        self._share_of_hot = rng.choice([0.0, 0.5, 0.9])
        self._kinds: dict[Callable[[], str], int] = {
            self._edit: 22,
            self._edit_favourite: 8,
            self._touch_many: 4,
            self._create: 10,
            self._archive: 9,
            self._restore: 9,
            self._merge: 8,
            self._purge: 5,
            self._associate: 8,
            self._dissociate: 6,
            self._associate_and_edit: 5,
            self._calculate: 3,
            self._add_property: 1,
            self._change_owner: 2,
            self._change_pipeline: 2,
        }

    def one(self) -> str:
        """Change something and return what, in words."""
        self.count += 1
        kinds, weights = list(self._kinds), list(self._kinds.values())
        return self._rng.choices(kinds, weights)[0]()

    def touch_all(self, stream: ObjectStream) -> str:
        """Modify every live record of a kind in one millisecond, as an import does."""
        self.count += 1
        ids = self._live(stream)
        self._portal.touch(stream, ids, self._values(stream))
        self._silence.broken(stream, ids)
        return f"touched all {len(ids)} {stream}"

    def _edit(self) -> str:
        stream, ids = self._pick(self._rng.randint(1, 3))
        for id_ in ids:
            self._portal.edit(stream, id_, self._values(stream))
        self._silence.broken(stream, ids)
        return f"edited {stream} {ids}"

    def _edit_favourite(self) -> str:
        stream = self._rng.choice(_STREAMS)
        live = self._live(stream)
        id_ = self._favourite.get(stream, "")
        if id_ not in live:
            if not live:
                return f"found no {stream} to edit"
            id_ = self._favourite[stream] = self._rng.choice(live)
        self._portal.edit(stream, id_, self._values(stream))
        self._silence.broken(stream, [id_])
        return f"edited {stream} {id_} once more"

    def _touch_many(self) -> str:
        stream = self._rng.choice(_STREAMS)
        live = self._live(stream)
        ids = self._rng.sample(live, self._rng.randint(0, len(live)))
        self._portal.touch(stream, ids, self._values(stream))
        self._silence.broken(stream, ids)
        return f"touched {len(ids)} {stream} at once"

    def _create(self) -> str:
        stream = self._rng.choice(_STREAMS)
        id_ = self._portal.create(stream, self._values(stream))
        other = self._pick_one("contacts" if stream == "deals" else "deals")
        if other and self._rng.random() < 0.5:
            deal, contact = (id_, other) if stream == "deals" else (other, id_)
            self._portal.associate(deal, contact)
            self._linked(deal, contact)
        self._silence.broken(stream, [id_])
        return f"created {stream} {id_} beside {other}"

    def _archive(self) -> str:
        stream, ids = self._pick(self._rng.randint(1, 3))
        for id_ in ids:
            deals = deals_of(self._portal, stream, id_)
            self._portal.archive(stream, id_)
            self._silence.archived(stream, id_, deals)
        self._archived_lately = ids
        return f"archived {stream} {ids}"

    def _restore(self) -> str:
        stream = self._rng.choice(_STREAMS)
        store = self._portal.stores[stream]
        archived = [str(i) for i in store.ids(archived=True) if i not in store.merged_into]
        latest = [id_ for id_ in archived if id_ in self._archived_lately]
        ids = self._sample(latest or archived, self._rng.randint(1, 2))
        self._portal.restore(stream, *ids)
        bumped = self._portal.habits.restore_bumps_modified
        known = self.known_archived(stream)
        for id_ in ids:
            if bumped or id_ in known:
                self._silence.broken(stream, [id_])
            else:
                self._silence.restored(stream, id_)
        return f"restored {stream} {ids}"

    def _merge(self) -> str:
        stream, ids = self._pick(2)
        if len(ids) < 2:
            return f"found no two {stream} to merge"
        survivor = self._portal.merge(stream, *ids)
        self._silence.broken(stream, [*ids, survivor])
        return f"merged {stream} {ids} into {survivor}"

    def _purge(self) -> str:
        stream = self._rng.choice(_STREAMS)
        store = self._portal.stores[stream]
        archived = [str(i) for i in store.ids(archived=True) if i not in store.merged_into]
        candidates = archived if self._rng.random() < 0.3 else self._live(stream)
        if not candidates:
            return f"found no {stream} to purge"
        (id_,) = self._sample(candidates, 1)
        merged = [str(i) for i in store.merged_into if store.resolve(i) == int(id_)]
        deals = deals_of(self._portal, stream, id_)
        self._portal.purge(stream, id_)
        self._silence.purged(stream, [id_, *merged], deals)
        return f"purged {stream} {id_} with {merged}"

    def _associate(self) -> str:
        deal, contact = self._pick_one("deals"), self._pick_one("contacts")
        if not deal or not contact:
            return "found nothing to associate"
        labels = self._rng.sample(LABELS, self._rng.randint(0, 2))
        self._portal.associate(deal, contact, labels)
        self._linked(deal, contact)
        return f"associated deal {deal} with contact {contact} as {labels}"

    def _associate_and_edit(self) -> str:
        deal, contact = self._pick_one("deals"), self._pick_one("contacts")
        if not deal or not contact:
            return "found nothing to associate"
        self._portal.associate(deal, contact, self._rng.sample(LABELS, self._rng.randint(0, 1)))
        stream: ObjectStream = self._rng.choice(("contacts", "deals"))
        id_ = contact if stream == "contacts" else deal
        self._portal.edit(stream, id_, self._values(stream))
        self._silence.broken(stream, [id_])
        return f"associated deal {deal} with contact {contact} and edited {stream} {id_}"

    def _dissociate(self) -> str:
        deal = self._pick_one("deals")
        contacts = [str(i) for i in self._portal.linked("deals", int(deal))] if deal else []
        if not contacts:
            return "found no link to remove"
        contact = self._rng.choice(contacts)
        self._portal.dissociate(deal, contact)
        self._linked(deal, contact)
        return f"took contact {contact} from deal {deal}"

    def _calculate(self) -> str:
        stream, ids = self._pick(2)
        name = "hubspotscore" if stream == "contacts" else "hs_forecast_amount"
        self._portal.set_calculated(stream, ids, {name: str(self._rng.randint(0, 99))})
        return f"worked out {name} of {stream} {ids}"

    def _add_property(self) -> str:
        stream, ids = self._pick(2)
        name = f"made_up_{self.count}"
        self._portal.add_property(
            stream,
            PropertyDefinition(name=name, label=name, group="custom", hubspot_defined=False),
        )
        for id_ in ids:
            self._portal.edit(stream, id_, {name: f"value {self.count}"})
        self._silence.broken(stream, ids)
        return f"added property {name} of {stream} and filled it in {ids}"

    def _change_owner(self) -> str:
        owners = list(self._portal.owners.values())
        now = self._portal.clock.now_ms()
        if len(owners) < _MOST_OWNERS and self._rng.random() < 0.4:
            new_id = max(owner.id for owner in owners) + self._rng.randint(1, 900)
            self._portal.put_owner(
                Owner(
                    id=new_id,
                    user_id=new_id,
                    email=f"owner.{new_id}@portal.example",
                    first_name="New",
                    last_name="Owner",
                    created_at=now,
                    updated_at=now,
                )
            )
            return f"added owner {new_id}"
        owner = self._rng.choice(owners)
        self._portal.put_owner(replace(owner, archived=not owner.archived, updated_at=now))
        return f"turned owner {owner.id} {'on' if owner.archived else 'off'}"

    def _change_pipeline(self) -> str:
        pipeline = self._rng.choice(list(self._portal.pipelines.values()))
        stage = Stage(id=f"stage{self.count}", label=f"Stage {self.count}", probability="0.3")
        self._portal.put_pipeline(
            replace(
                pipeline,
                label=f"Pipeline {self.count}",
                updated_at=self._portal.clock.now_ms(),
                stages=(*pipeline.stages[-6:], stage),
            )
        )
        return f"changed pipeline {pipeline.id}"

    def _linked(self, deal: str, contact: str) -> None:
        if self._portal.habits.links_bump_modified:
            self._silence.broken("deals", [deal])
            self._silence.broken("contacts", [contact])
        else:
            self._silence.links_changed([deal])

    def _values(self, stream: ObjectStream) -> dict[str, str]:
        name = self._rng.choice(WRITTEN[stream])
        number = self._rng.randint(1, 10**9)
        match name:
            case "amount":
                return {name: self._rng.choice(["", f"{number}.{number % 97:02d}"])}
            case "closedate":
                return {name: f"2027-03-{number % 28 + 1:02d}T10:00:00.000Z"}
            case "phone":
                return {name: f"+49 30 {number}"}
            case _:
                return {name: self._rng.choice(["", f"Value {number}"])}

    def _live(self, stream: ObjectStream) -> list[str]:
        return [str(id_) for id_ in self._portal.stores[stream].ids()]

    def _pick(self, most: int) -> tuple[ObjectStream, list[str]]:
        stream = self._rng.choice(_STREAMS)
        return stream, self._sample(self._live(stream), most)

    def _pick_one(self, stream: ObjectStream) -> str:
        return next(iter(self._sample(self._live(stream), 1)), "")

    def _sample(self, ids: list[str], most: int) -> list[str]:
        """Return up to so many of the ids; often of the few that everything happens to."""
        if self._rng.random() < self._share_of_hot:
            ids = [id_ for id_ in ids if int(id_) % _HOT == 1] or ids
        return self._rng.sample(ids, min(most, len(ids)))
