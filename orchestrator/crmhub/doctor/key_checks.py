"""Which keys are the stored tokens sealed with, and are those keys here?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmhub.database import connect
from crmhub.doctor.findings import Finding
from crmhub.errors import InvalidSettingsError
from crmhub.settings import database_url, keyring
from crmhub.vault.store import rows_by_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from crmhub.vault.keyring import Keyring


def check_keys(environment: Mapping[str, str]) -> Iterator[Finding]:
    """One finding a key that is configured or in use: how many tokens are under it."""
    url = database_url(environment)
    if url is None:
        return
    try:
        ring = keyring(environment)
    except InvalidSettingsError:
        # The check of the settings has said it.
        return
    with connect(url) as database:
        counts = rows_by_key(database)
    for key_id in (*ring.key_ids, *(each for each in counts if each not in ring.key_ids)):
        yield _finding(ring, key_id, counts.get(key_id, 0))


def _finding(ring: Keyring, key_id: str, tokens: int) -> Finding:
    if key_id == ring.primary_key_id:
        return Finding(what=f"key {key_id}", verdict="ok", said=f"{tokens:,} tokens; it seals")
    if key_id not in ring.key_ids:
        return Finding(
            what=f"key {key_id}",
            verdict="failed",
            said=f"{tokens:,} tokens cannot be opened: this key is not there",
            remedy="add it to SECRETS_ENCRYPTION_KEY behind the others; if it is lost, connect "
            "those accounts again",
        )
    if tokens:
        return Finding(
            what=f"key {key_id}",
            verdict="warning",
            said=f"{tokens:,} tokens are under this key, which seals no new ones",
            remedy="run `crmhub keys rotate` once every process seals with the first key",
        )
    return Finding(
        what=f"key {key_id}",
        verdict="ok",
        said="no tokens: it may be taken out of SECRETS_ENCRYPTION_KEY",
    )
