"""Pseudonyms: what stands in the database in place of an e-mail address or a phone number.

One organisation, one key: the same address gives the same pseudonym in all of its connections, and
another one in every other organisation. The README holds the recipe, for programs in any language.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import idna
import phonenumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    import uuid

#: Version of the recipe, stored beside every pseudonym.
HASH_VERSION: Final = 1
#: A salt shorter than this, in UTF-8 bytes, is refused.
SHORTEST_SALT: Final = 16

_BLOCK: Final = 64
_INNER: Final = bytes(byte ^ 0x36 for byte in range(256))
_OUTER: Final = bytes(byte ^ 0x5C for byte in range(256))
#: Already E.164: plus, country code, at most 15 digits (ITU-T E.164).
_E164: Final = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
#: A country code and digits, punctuated as people do.
_PUNCTUATED: Final = re.compile(r"\+[1-9][0-9][0-9 ().-]{4,22}", re.ASCII)
_PUNCTUATION: Final = str.maketrans("", "", "+ ().-")


def normalised_email(address: str) -> str | None:
    """Return the address as it is hashed, None if nothing is left of it.

    NFKC, trimmed, lower case, domain in IDNA form; dots and plus stay, as only the mail server
    knows what they mean.
    """
    if address.isascii():
        return address.strip().lower() or None
    address = unicodedata.normalize("NFKC", address).strip().lower()
    local, at, domain = address.rpartition("@")
    if not at or domain.isascii():
        return address or None
    # What is no valid domain stays: the same text still gives the same pseudonym.
    with contextlib.suppress(idna.IDNAError):
        domain = idna.encode(domain, uts46=True).decode("ascii")
    return f"{local}@{domain}"


def normalised_phone(number: str, region: str | None = None) -> str | None:
    """Return the number in E.164, None if it cannot be told which number it is.

    Args:
        number: As a person or the CRM wrote it.
        region: Country of numbers without a country code, ISO 3166 alpha-2.
    """
    if _E164.fullmatch(number):
        return number
    if _PUNCTUATED.fullmatch(number) and (plain := _without_punctuation(number)):
        return plain
    number = unicodedata.normalize("NFKC", number).strip()
    if not number.startswith("+") and region is None:
        return None
    try:
        parsed = phonenumbers.parse(number, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(parsed):
        return None
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


@dataclass(frozen=True, kw_only=True)
class _NumberingPlan:
    """What can come after a country code (phonenumbers: metadata)."""

    lengths: frozenset[int]
    #: Matches where a number begins with a prefix that is left out after the country code.
    prefix: re.Pattern[str] | None


@functools.cache
def _numbering_plan(country_code: str) -> _NumberingPlan | None:
    """Return the plan of a country code, None if it is none, or one of no single country."""
    region = phonenumbers.region_code_for_country_code(int(country_code))
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None or metadata.general_desc is None:
        return None
    prefix = metadata.national_prefix_for_parsing
    return _NumberingPlan(
        lengths=frozenset(metadata.general_desc.possible_length),
        prefix=re.compile(prefix) if prefix else None,
    )


def _without_punctuation(number: str) -> str | None:
    """Return a plain case in E.164 as `phonenumbers` would, 20 times as fast; None for the others.

    Plain is a number of a length that its country has, without a trunk prefix as in +49 (0)30.
    """
    digits = number.translate(_PUNCTUATION)
    for length in (1, 2, 3):
        plan = _numbering_plan(digits[:length])
        if plan is not None:
            national = digits[length:]
            is_plain = (
                len(national) in plan.lengths
                and national[0] != "0"
                and (plan.prefix is None or plan.prefix.match(national) is None)
            )
            return f"+{digits}" if is_plain else None
    return None


class Pseudonyms:
    """The pseudonyms of one organisation.

    Args:
        org_id: The organisation.
        salt: The hub's `PII_HASH_SALT`, exactly as given.
    """

    def __init__(self, *, org_id: uuid.UUID, salt: str) -> None:
        key = HKDF(
            algorithm=SHA256(), length=32, salt=None, info=f"crmhub/pii/v1/{org_id}".encode()
        ).derive(salt.encode())
        # HMAC with the keyed states made once and copied (RFC 2104): twice as fast as hmac.digest.
        padded = key.ljust(_BLOCK, b"\0")
        self._outer = hashlib.sha256(padded.translate(_OUTER))
        inner = hashlib.sha256(padded.translate(_INNER))
        self._email = inner.copy()
        self._email.update(b"email\0")
        self._phone = inner.copy()
        self._phone.update(b"phone\0")
        self._fingerprint = inner.copy()
        self._fingerprint.update(b"fingerprint\0")

    def email(self, address: str) -> bytes | None:
        """Return the 32-byte pseudonym of an e-mail address, None for an empty one."""
        normalised = normalised_email(address)
        return None if normalised is None else self._digest(self._email, normalised)

    def phone(self, number: str, region: str | None = None) -> bytes | None:
        """Return the 32-byte pseudonym of a phone number, None if it is not to be normalised."""
        normalised = normalised_phone(number, region)
        return None if normalised is None else self._digest(self._phone, normalised)

    @property
    def fingerprint(self) -> bytes:
        """32 bytes that tell whether two keys are one, and nothing else of the key."""
        return self._digest(self._fingerprint, "")

    def _digest(self, keyed: hashlib._Hash, value: str) -> bytes:
        inner = keyed.copy()
        inner.update(value.encode())
        outer = self._outer.copy()
        outer.update(inner.digest())
        return outer.digest()
