"""Makes the pseudonyms that columns hold, and counts phone numbers that have none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_crmhub_postgres.mapping import Column
    from target_crmhub_postgres.odd_values import OddValues
    from target_crmhub_postgres.pii import Pseudonyms

_NO_PHONE: Final = (
    "holds a phone number of no possible form, or one that lacks its country code "
    "(setting default_phone_region)"
)


class Hashing:
    """Reads personal values as their pseudonyms.

    Args:
        pseudonyms: The organisation's.
        phone_region: Country of phone numbers without a country code.
        odd_values: Counts the phone numbers that are read as null.
    """

    def __init__(
        self, *, pseudonyms: Pseudonyms, phone_region: str | None, odd_values: OddValues
    ) -> None:
        self._pseudonyms = pseudonyms
        self._phone_region = phone_region
        self._odd_values = odd_values

    def reader(self, column: Column) -> Callable[[str], object] | None:
        """Return what reads the text of a column, None if the column holds no pseudonym."""
        match column.kind:
            case "email_pseudonym":
                return self._pseudonyms.email
            case "phone_pseudonym":
                return partial(self._phone, column.name)
            case "email_pseudonyms":
                return self._emails
            case _:
                return None

    def _phone(self, column: str, number: str) -> bytes | None:
        pseudonym = self._pseudonyms.phone(number, self._phone_region)
        if pseudonym is None:
            self._odd_values.count(column, _NO_PHONE)
        return pseudonym

    def _emails(self, addresses: str) -> list[bytes] | None:
        """HubSpot: hs_additional_emails holds addresses separated by semicolons."""
        found = {self._pseudonyms.email(address) for address in addresses.split(";")}
        return sorted(digest for digest in found if digest is not None) or None
