"""The streams: what each reads, and with which passes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk.singerlib import RecordMessage
from singer_sdk.singerlib.catalog import REPLICATION_INCREMENTAL
from typing_extensions import override

from tap_hubspot_crm.association_sets import AssociationReader
from tap_hubspot_crm.associations import AssociationSource, association_passes
from tap_hubspot_crm.catalog_check import check_catalog
from tap_hubspot_crm.definitions import Definitions, read_definitions
from tap_hubspot_crm.errors import TapError, concerns_one_stream
from tap_hubspot_crm.listings import LISTINGS, OWNERS_SCHEMA, PIPELINES_SCHEMA, listing_pass
from tap_hubspot_crm.object_passes import full_pass_due, object_passes
from tap_hubspot_crm.object_types import CONTACTS, DEALS
from tap_hubspot_crm.objects import ObjectReader
from tap_hubspot_crm.properties import object_schema, shadowed_names
from tap_hubspot_crm.property_names import warn_of_names
from tap_hubspot_crm.records import RecordShape
from tap_hubspot_crm.sending import ObjectSource
from tap_hubspot_crm.sensitive import check_sensitive
from tap_hubspot_crm.singer_stream import HubSpotStream
from tap_hubspot_crm.state import AssociationsBookmark, ListingBookmark, ObjectBookmark
from tap_hubspot_crm.unread import UnreadRecords

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    from singer_sdk.helpers.types import Record
    from singer_sdk.singerlib.catalog import Catalog

    from tap_hubspot_crm.events import Event
    from tap_hubspot_crm.readable import ReadableProperties
    from tap_hubspot_crm.tap import TapHubSpotCrm


class ObjectStream(HubSpotStream):
    """One object type: one flat record a row, a field for every property of the portal."""

    records_are_selected = True

    def __init__(self, tap: TapHubSpotCrm) -> None:
        """Make the stream; HubSpot is asked for the properties only if the schema is needed."""
        super().__init__(tap)
        self.primary_keys = ("id",)
        self.replication_key = "updatedAt"
        self._known: Definitions | None = None
        self._refusal: TapError | None = None

    @property
    @override
    def schema(self) -> dict[str, Any]:
        if self._schema is None:
            try:
                self._schema = object_schema(self._definitions().items)
            except TapError as error:
                if not concerns_one_stream(error):
                    raise
                # The stream fails when its turn comes; the others are synced before and after it.
                self._refusal = error
                self._schema = object_schema(())
        return self._schema

    @override
    def check_access(self) -> None:
        self._definitions()

    @override
    def events(self) -> Iterator[Event]:
        bookmark = self._bookmark(ObjectBookmark)
        definitions = self._definitions()
        schemas = self._selected_schemas()
        warn_of_names(
            self.name,
            [name for name in schemas if name not in definitions.unreadable],
            definitions=definitions.items,
            wanted=self._tap.settings.properties.get(self.name),
        )
        shape = RecordShape(stream=self.name, definitions=definitions.items, schemas=schemas)
        reader = ObjectReader(
            self._tap.client,
            self.name,
            shape.properties,
            sensitivities={item.name: item.sensitivity for item in definitions.items},
        )
        source = ObjectSource(
            reader=reader,
            shape=shape,
            definitions=definitions,
            lookback_seconds=self._tap.settings.lookback_seconds,
            unread=UnreadRecords(self.name, bookmark.unread),
            start_date=self._tap.settings.start_date,
        )
        try:
            yield from object_passes(
                source, bookmark, intervals=self.intervals, now=self._tap.client.clock.now()
            )
        finally:
            shape.tell_misfits()
            self._warn_of_unreadable(definitions, reader.properties)
        source.unread.report()

    def _warn_of_unreadable(self, definitions: Definitions, properties: ReadableProperties) -> None:
        scopes = ", ".join(sorted(definitions.scopes | properties.scopes))
        why = f"the token may not read them (missing scope: {scopes or 'not named by HubSpot'})"
        self._warn(why, sorted(definitions.unreadable | properties.refused))

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        """Take over a catalog's selection and types.

        Raises:
            InvalidSettingsError: The catalog promises what no record of this stream can keep.
        """
        super().apply_catalog(catalog)
        if self.selected and catalog.get_stream(self.name) is not None:
            check_catalog(self.name, self._selected_schemas(), self.effective_schema)

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        # The record holds what is selected, typed; only stream maps may still change it.
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(record)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=self._read_at,
                )

    def _definitions(self) -> Definitions:
        """Return the portal's properties that the settings allow, asking HubSpot once a run."""
        if self._refusal is not None:
            raise self._refusal
        if self._known is None:
            wanted = self._tap.settings.properties.get(self.name)
            definitions = read_definitions(
                self._tap.client, self.name, wanted=wanted, refused_before=self._refused_before
            )
            if self._begins_full_pass():
                definitions = check_sensitive(self._tap.client, self.name, definitions)
            else:
                definitions = definitions.without(self._bookmark(ObjectBookmark).unreadable)
            self._warn("lost to a field of the record", shadowed_names(definitions.items))
            names = {item.name for item in definitions.items} | definitions.unreadable
            self._warn(
                "not defined in this portal", [name for name in wanted or () if name not in names]
            )
            self._known = definitions
        return self._known

    def _refused_before(self) -> str:
        """Return which properties need not be asked for: only a full pass would fill them."""
        return "" if self._begins_full_pass() else self._bookmark(ObjectBookmark).refused

    def _begins_full_pass(self) -> bool:
        """Say whether this run begins a full pass: then what was refused is asked for again."""
        bookmark = self._bookmark(ObjectBookmark)
        now = self._tap.client.clock.now()
        return bookmark.full_pass is None and full_pass_due(bookmark, self.intervals, now)

    def _warn(self, why: str, names: Sequence[str]) -> None:
        if names:
            self.logger.warning("%s: left out, %s: %s", self.name, why, ", ".join(names))


class Contacts(ObjectStream):
    """Contacts."""

    name = CONTACTS.name


class Deals(ObjectStream):
    """Deals."""

    name = DEALS.name


class DealContacts(HubSpotStream):
    """The contacts of each deal: the whole set, which replaces the earlier one."""

    name = "deal_contacts"

    SCHEMA: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {
            "deal_id": {"type": "string"},
            "contacts": {
                "type": ["array", "null"],
                "items": {
                    "type": "object",
                    "properties": {
                        "id": {"type": "string"},
                        "types": {
                            "type": "array",
                            "items": {
                                "type": "object",
                                "properties": {
                                    "category": {"type": "string"},
                                    "type_id": {"type": "integer"},
                                    "label": {"type": ["string", "null"]},
                                },
                            },
                        },
                    },
                },
            },
        },
        "required": ["deal_id"],
    }

    def __init__(self, tap: TapHubSpotCrm) -> None:
        """Make the stream: incremental, though no field of the record is its bookmark."""
        super().__init__(tap, self.SCHEMA)
        self.primary_keys = ("deal_id",)
        self.forced_replication_method = REPLICATION_INCREMENTAL

    @override
    def check_access(self) -> None:
        for object_type in (DEALS.name, CONTACTS.name):
            ObjectReader(self._tap.client, object_type).lowest_ids()

    @override
    def events(self) -> Iterator[Event]:
        client = self._tap.client
        bookmark = self._bookmark(AssociationsBookmark)
        deals, contacts = ObjectReader(client, DEALS.name), ObjectReader(client, CONTACTS.name)
        source = AssociationSource(
            client=client,
            deals=deals,
            contacts=contacts,
            contacts_of_deals=AssociationReader(
                client, DEALS.name, CONTACTS.name, beside=deals.found_beside
            ),
            deals_of_contacts=AssociationReader(
                client, CONTACTS.name, DEALS.name, beside=contacts.found_beside
            ),
            lookback_seconds=self._tap.settings.lookback_seconds,
            start_date=self._tap.settings.start_date,
        )
        yield from association_passes(source, bookmark, intervals=self.intervals)
        source.unread_deals.report()
        source.unread_contacts.report()


class ListedStream(HubSpotStream):
    """A short listing, read whole on every run."""

    #: JSON Schema of its records.
    SCHEMA: ClassVar[dict[str, Any]]

    def __init__(self, tap: TapHubSpotCrm) -> None:
        """Make the stream."""
        super().__init__(tap, self.SCHEMA)
        self.primary_keys = ("id",)

    @override
    def check_access(self) -> None:
        LISTINGS[self.name](self._tap.client)

    @override
    def events(self) -> Iterator[Event]:
        bookmark = self._bookmark(ListingBookmark)
        return listing_pass(LISTINGS[self.name](self._tap.client), bookmark)


class Pipelines(ListedStream):
    """Deal pipelines with their stages."""

    name = "pipelines"
    SCHEMA = PIPELINES_SCHEMA


class Owners(ListedStream):
    """Owners, active and deactivated."""

    name = "owners"
    SCHEMA = OWNERS_SCHEMA


#: In the order of a run. `deal_contacts` comes last: what the passes of deals and contacts leave to
#: it comes first.
STREAMS: tuple[type[HubSpotStream], ...] = (Pipelines, Owners, Contacts, Deals, DealContacts)
