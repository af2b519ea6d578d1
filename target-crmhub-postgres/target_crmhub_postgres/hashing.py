"""Makes the pseudonyms that columns hold, and counts what cannot be told from its text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_crmhub_postgres.mapping import Kind
    from target_crmhub_postgres.pii import Pseudonyms


class Hashing:
    """Reads personal values as their pseudonyms.

    Args:
        pseudonyms: The organisation's.
        phone_region: Country of phone numbers without a country code.
    """

    def __init__(self, *, pseudonyms: Pseudonyms, phone_region: str | None) -> None:
        self._pseudonyms = pseudonyms
        self._phone_region = phone_region
        #: Phone numbers that could not be told from their text: stored as null.
        self.unread_phones = 0

    def reader(self, kind: Kind) -> Callable[[str], object] | None:
        """Return what reads text of this kind, None if the kind is no pseudonym."""
        match kind:
            case "email_pseudonym":
                return self._pseudonyms.email
            case "phone_pseudonym":
                return self._phone
            case "email_pseudonyms":
                return self._emails
            case _:
                return None

    def _phone(self, number: str) -> bytes | None:
        pseudonym = self._pseudonyms.phone(number, self._phone_region)
        if pseudonym is None:
            self.unread_phones += 1
        return pseudonym

    def _emails(self, addresses: str) -> list[bytes] | None:
        """HubSpot: hs_additional_emails holds addresses separated by semicolons."""
        found = {self._pseudonyms.email(address) for address in addresses.split(";")}
        return sorted(digest for digest in found if digest is not None) or None
