"""The access token of a run: in a file of its own, renewed before it ends.

The tap reads the file again whenever it changes, and after HubSpot refused a token.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from typing import TYPE_CHECKING, Final

import psycopg

from crmhub.errors import (
    AccessDeniedError,
    CrmHubError,
    DatabaseUnreachableError,
    InvalidGrantError,
    InvalidSettingsError,
    SecretUnreadableError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from uuid import UUID

    from crmhub.oauth.access_tokens import AccessToken, AccessTokens

logger = logging.getLogger("HubSpotSyncWorker")

#: Trying again does not bring another token.
_FINAL: Final = (InvalidGrantError, AccessDeniedError, SecretUnreadableError, InvalidSettingsError)
#: Between two looks for another token, seconds.
_SHORTEST_WAIT: Final = 0.2
_LONGEST_WAIT: Final = 30.0


class TokenFile:
    """One run's access token."""

    def __init__(self, tokens: AccessTokens, connection_id: UUID) -> None:
        """Fetch the first token; raises as `AccessTokens.current`."""
        self._tokens = tokens
        self._connection_id = connection_id
        self._held = [tokens.current(connection_id)]
        #: Why the last renewal failed; None while all is well.
        self.problem: CrmHubError | None = None

    @property
    def newest(self) -> AccessToken:
        """The token that is in the file, or will be."""
        return self._held[-1]

    @contextlib.contextmanager
    def kept_at(self, path: Path) -> Iterator[Path]:
        """The file, mode 0600, with a good token in it until the block ends."""
        _write(path, self.newest)
        ended = threading.Event()
        # No daemon: a process that ends waits until a token that HubSpot gave is stored.
        thread = threading.Thread(target=self._renew, args=(path, ended))
        thread.start()
        try:
            yield path
        finally:
            ended.set()
            # Usually at once; a token endpoint that is slow does not hold up the run's end.
            thread.join(_SHORTEST_WAIT)

    def replace_refused(self) -> bool:
        """Fetch another token than the one HubSpot refused; False if there is none.

        `problem` then says why, except for a token that can only be replaced by a person.
        """
        if self.newest.renew_in_seconds is None:
            return False
        try:
            self._held.append(self._tokens.instead_of(self._connection_id, self.newest))
        except CrmHubError as error:
            self.problem = error
            return False
        return True

    def hide(self, text: str) -> str:
        """The text with stars for every token this run has had."""
        for each in self._held:
            text = text.replace(each.secret.reveal(), "********")
        return text

    def _renew(self, path: Path, ended: threading.Event) -> None:
        wait = self.newest.renew_in_seconds
        while wait is not None and not ended.wait(max(wait, _SHORTEST_WAIT)):
            try:
                token = self._tokens.current(self._connection_id)
            except _FINAL as error:
                # The tap goes on while the old token lasts.
                self.problem = error
                return
            except CrmHubError as error:
                wait = self._wait_after(error, wait)
                continue
            except psycopg.Error:
                problem = DatabaseUnreachableError("the database refused to renew the token")
                wait = self._wait_after(problem, wait)
                continue
            self.problem = None
            wait = token.renew_in_seconds
            if token.secret != self.newest.secret and not ended.is_set():
                self._held.append(token)
                with contextlib.suppress(FileNotFoundError):
                    # The directory is gone if the run has just ended.
                    _write(path, token)

    def _wait_after(self, error: CrmHubError, waited: float) -> float:
        """Seconds until the next try; each wait is longer than the one before."""
        before = 0.0 if self.problem is None else waited
        self.problem = error
        wait = min(max(before * 2, 1.0), _LONGEST_WAIT)
        logger.warning(
            "the token of connection %s was not renewed (%s); again in %.0f s",
            self._connection_id,
            error.error_class,
            wait,
        )
        return wait


def _write(path: Path, token: AccessToken) -> None:
    """Put the token in place of the one before it; a reader sees one or the other."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(token.secret.reveal())
    new.replace(path)
