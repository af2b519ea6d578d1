"""The tap: its settings, its streams, its state."""

from __future__ import annotations

import copy
import logging
import sys
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar

import click
from singer_sdk import Tap
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities
from typing_extensions import override

from tap_hubspot_crm.account import check_account
from tap_hubspot_crm.associations import wanted_changes
from tap_hubspot_crm.client import HubSpotClient
from tap_hubspot_crm.command import TapCommand, settings_from_environment
from tap_hubspot_crm.errors import (
    TapError,
    Terminated,
    concerns_one_stream,
    in_stream,
)
from tap_hubspot_crm.input_files import check_settings_file, read_catalog, read_object
from tap_hubspot_crm.output import LineWriter
from tap_hubspot_crm.owed import owing
from tap_hubspot_crm.pool import RequestPool
from tap_hubspot_crm.probe import intervals_of
from tap_hubspot_crm.self_check.command import TEST_HELP, is_self_check, print_self_check
from tap_hubspot_crm.settings import SETTINGS_SCHEMA, Settings, read_settings
from tap_hubspot_crm.singer_stream import HubSpotStream
from tap_hubspot_crm.state import AssociationsBookmark, Bookmark
from tap_hubspot_crm.state_json import read_bookmarks, write_bookmark
from tap_hubspot_crm.streams import STREAMS
from tap_hubspot_crm.timekeeping import Timer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.plugin_base import _ConfigInput
    from singer_sdk.singerlib import Catalog
    from singer_sdk.streams import Stream

    from tap_hubspot_crm.events import Touched
    from tap_hubspot_crm.windows import Window


class TapHubSpotCrm(Tap):
    """Singer tap for HubSpot contacts and deals that proves it misses nothing."""

    name = "tap-hubspot-crm"
    package_name = "tap-hubspot-crm"
    config_jsonschema: ClassVar[dict[str, Any]] = copy.deepcopy(SETTINGS_SCHEMA)
    # The catalog comes from the portal, so discovery needs working settings too.
    dynamic_catalog = True
    message_writer_class = LineWriter
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.TEST,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    logger = logging.getLogger("HubSpotConnector")

    #: How the tap measures and waits.
    timer: ClassVar[Timer] = Timer()
    #: What makes requests side by side.
    pool_class: ClassVar[type[RequestPool]] = RequestPool

    #: The settings, checked and typed.
    settings: Settings
    #: Where each stream stands.
    bookmarks: dict[str, Bookmark]

    def __init__(
        self,
        *,
        config: dict[str, Any] | None = None,
        catalog: dict[str, Any] | Catalog | None = None,
        state: dict[str, Any] | None = None,
        parse_env_config: bool = False,
        validate_config: bool = True,
        setup_mapper: bool = True,
        message_writer: LineWriter | None = None,
    ) -> None:
        """Make the tap; unless a catalog is given, HubSpot is asked for the portal's properties.

        Raises:
            InvalidSettingsError: A setting, the state or the catalog is missing or malformed.
        """
        given = self._with_environment(config, parse_env=parse_env_config)
        self._failures: dict[str, TapError] = {}
        # Before anything is asked of HubSpot: a foreign state must not cost a request.
        self.bookmarks = read_bookmarks(state or {})
        super().__init__(
            config=given,
            catalog=read_catalog(catalog) if isinstance(catalog, dict) else catalog,
            state=state,
            validate_config=validate_config,
            setup_mapper=setup_mapper,
            message_writer=message_writer,
        )

    @cached_property
    def client(self) -> HubSpotClient:
        """The one client of this run."""
        return HubSpotClient(self.settings, timer=self.timer, pool_class=self.pool_class)

    @override
    def setup_mapper(self) -> None:
        # The SDK calls this for a sync and for --test=schema, before it asks for the portal's
        # properties; --discover sends no record and leaves it out.
        check_account(self.client, self.settings.expected_account_id)
        super().setup_mapper()

    @property
    @override
    def streams(self) -> dict[str, Stream]:
        found = super().streams.items()
        return dict(sorted(found, key=lambda item: STREAMS.index(type(item[1]))))

    @override
    def discover_streams(self) -> Sequence[Stream]:
        return [stream(self) for stream in STREAMS]

    @override
    def load_state(self, state: dict[str, Any]) -> None:
        self.bookmarks = read_bookmarks(state)
        self.client.changes.keep(self._wanted_changes)
        if state:
            self._keep_state()

    @override  # type: ignore[misc]  # final, and ends a run with the first stream that fails
    def sync_all(self) -> None:
        """Sync every selected stream; one that cannot be read does not stop the others.

        Raises:
            TapError: What the first of the streams that failed ended with.
        """
        super().sync_all()
        if self._failures:
            self.write_bookmarks()
            stream, *others = self._failures
            raise in_stream(self._failures[stream], stream, others)

    def note_failure(self, stream: str, error: TapError) -> None:
        """Note that a stream could not be read to its end; the run fails once the others are."""
        self.logger.warning("%s: ended early (%s): %s", stream, error.error_class, error.message)
        self._failures[stream] = error

    @override
    def run_discovery(self) -> str:
        """Print the catalog of the streams that the token may read.

        Raises:
            TapError: It may read none.
        """
        streams = self.streams
        refused: dict[str, TapError] = {}
        for name, stream in streams.items():
            try:
                if isinstance(stream, HubSpotStream):
                    stream.check_access()
            except TapError as error:
                if not concerns_one_stream(error):
                    raise
                refused[name] = error
                self.logger.warning("%s: left out of the catalog: %s", name, error.message)
        if len(refused) == len(streams):
            raise next(iter(refused.values()))
        self._streams = {name: stream for name, stream in streams.items() if name not in refused}
        return super().run_discovery()

    def write_bookmarks(self) -> None:
        """Print the state, if it changed since it was last printed."""
        self._keep_state()
        self.state_writer.write_state(self.state)

    def owe_associations(self, object_type: str, touched: Touched) -> None:
        """Have `deal_contacts`, where selected, renew the associations of these rows."""
        bookmark = self.bookmarks["deal_contacts"]
        selected = self.streams["deal_contacts"].selected
        if selected and isinstance(bookmark, AssociationsBookmark):
            self.bookmarks["deal_contacts"] = owing(bookmark, object_type, touched)

    def _wanted_changes(self) -> dict[str, Window]:
        """Return what `deal_contacts` will look for that contacts and deals find before."""
        bookmark = self.bookmarks["deal_contacts"]
        stream = self.streams["deal_contacts"]
        if not stream.selected or not isinstance(bookmark, AssociationsBookmark):
            return {}
        return wanted_changes(
            bookmark,
            intervals=intervals_of(self.settings),
            now=self.client.clock.now(),
            lookback_seconds=self.settings.lookback_seconds,
        )

    @override
    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        # The SDK's own messages quote the value of a malformed setting, secrets included.
        self.append_builtin_config(self.config_jsonschema)
        self.settings = read_settings(self._config)
        return []

    def _keep_state(self) -> None:
        written = {name: write_bookmark(bookmark) for name, bookmark in self.bookmarks.items()}
        self.state["bookmarks"] = {name: value for name, value in written.items() if value}

    @override
    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        if not isinstance(self.message_writer, LineWriter):
            raise Terminated(signum)
        # Raises at once too, unless a line is on its way: that one has to go out whole.
        self.message_writer.stop(signum)

    @classmethod
    @override
    def invoke(  # type: ignore[override]  # as the SDK's own Tap.invoke, which it overrides
        cls,
        *,
        about: bool = False,
        about_format: str | None = None,
        config: _ConfigInput | None = None,
        state: IO[str] | None = None,
        catalog: IO[str] | None = None,
    ) -> None:
        """Sync, or print what the tap is."""
        if about:
            cls.print_about(about_format)
            return
        cls.print_version(print_fn=cls.logger.info)
        tap = cls(
            config=config.config if config else {},
            state=read_object(state, "--state"),
            catalog=read_object(catalog, "--catalog"),
            parse_env_config=config.parse_env if config else False,
        )
        try:
            tap.sync_all()
        except (TapError, Terminated):
            # What was finished is finished: the next run goes on from there.
            tap.write_bookmarks()
            raise
        finally:
            sys.stdout.flush()
            tap.client.close()

    @classmethod
    @override
    def cb_config(
        cls, ctx: click.Context, param: click.Option, value: tuple[str, ...]
    ) -> _ConfigInput:
        for path in value:
            if path != "ENV":
                check_settings_file(path)
        return super().cb_config(ctx, param, value)

    @override  # type: ignore[misc]  # final, and asks for what streams do at their first event
    def write_schemas(self) -> None:
        """Write the SCHEMA of every stream."""
        for stream in self.streams.values():
            stream.selected = True
            if isinstance(stream, HubSpotStream):
                stream.announce()

    @classmethod
    @override
    def cb_test(cls, ctx: click.Context, param: click.Option, value: str) -> None:
        if not is_self_check(value):
            super().cb_test(ctx, param, value)
            return
        given: _ConfigInput | None = ctx.params.get("config")
        config = cls._with_environment(given.config, parse_env=given.parse_env) if given else {}
        print_self_check(config, value, timer=cls.timer)
        ctx.exit()

    @classmethod
    def _with_environment(cls, config: dict[str, Any] | None, *, parse_env: bool) -> dict[str, Any]:
        """Return settings together with those in environment variables, if they are asked for."""
        found = dict(config or {})
        if parse_env:
            found |= settings_from_environment(cls.config_jsonschema, prefix="TAP_HUBSPOT_CRM_")
        return found

    @classmethod
    @override
    def get_singer_command(cls) -> click.Command:
        command = super().get_singer_command()
        for parameter in command.params:
            if isinstance(parameter, click.Option) and parameter.name == "test":
                parameter.help = TEST_HELP
        return TapCommand(
            name=command.name,
            callback=command.callback,
            params=command.params,
            context_settings=command.context_settings,
            help=command.help,
            logger=cls.logger,
        )
