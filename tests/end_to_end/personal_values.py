"""Pseudonyms and redaction worked out once more, from the README's recipe and none of its code."""

from __future__ import annotations

import hmac
import re
import unicodedata
from typing import TYPE_CHECKING

import idna
import phonenumbers

if TYPE_CHECKING:
    from uuid import UUID

_E164 = re.compile(r"\+[1-9]\d{6,14}", re.ASCII)
#: What these tests write into names: an address, or a number that begins with a plus.
_PERSONAL = re.compile(r"[^\s(),]+@[^\s(),]+|\+\d[\d ]{5,}\d")


class ExpectedPseudonyms:
    """The pseudonyms of one organisation.

    Args:
        org_id: The organisation.
        salt: PII_HASH_SALT.
        phone_region: Country of phone numbers without a country code.
    """

    def __init__(self, *, org_id: UUID, salt: str, phone_region: str | None) -> None:
        # HKDF-SHA256 (RFC 5869) whose output is one block: extract, then expand once.
        extracted = hmac.digest(bytes(32), salt.encode(), "sha256")
        self._key = hmac.digest(extracted, f"crmhub/pii/v1/{org_id}\x01".encode(), "sha256")
        self._phone_region = phone_region

    def email(self, address: str) -> bytes | None:
        """The pseudonym of an address, None for an empty one."""
        address = unicodedata.normalize("NFKC", address).strip().lower()
        local, at, domain = address.rpartition("@")
        if at and not domain.isascii():
            domain = idna.encode(domain, uts46=True).decode()
        return self._of("email", local + at + domain)

    def emails(self, addresses: str) -> list[bytes] | None:
        """The pseudonyms of addresses between semicolons, each once, in order."""
        found = {self.email(address) for address in addresses.split(";")}
        return sorted(each for each in found if each is not None) or None

    def phone(self, number: str) -> bytes | None:
        """The pseudonym of a phone number, None where it cannot be told which one it is."""
        if _E164.fullmatch(number):
            return self._of("phone", number)
        try:
            parsed = phonenumbers.parse(number, self._phone_region)
        except phonenumbers.NumberParseException:
            return None
        if not phonenumbers.is_possible_number(parsed):
            return None
        form = phonenumbers.PhoneNumberFormat.E164
        return self._of("phone", phonenumbers.format_number(parsed, form))

    def _of(self, kind: str, value: str) -> bytes | None:
        return hmac.digest(self._key, f"{kind}\0{value}".encode(), "sha256") if value else None


def without_people(text: str) -> str:
    """The text with each e-mail address and phone number replaced by `[redacted]`."""
    return _PERSONAL.sub("[redacted]", text)
