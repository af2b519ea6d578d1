"""Takes e-mail addresses and phone numbers out of text that is kept.

People write both into deal names and other business text. A phone number is taken for one only with
a plus or separators: bare digits are ids, counts and moments far more often.
"""

from __future__ import annotations

import re
from typing import Final

REDACTED: Final = "[redacted]"

#: Characters that end an e-mail address on either side.
_TOKEN: Final = re.compile(r'"[^"@]*"@[^\s<>()\[\],;:"]+|[^\s<>()\[\],;:"]+')
_AT: Final = re.compile(r"@|\uff20|\ufe6b|%40")
_TRAILING: Final = ".!?'"

#: Between two groups of digits: spaces, dots, hyphens and dashes of all kinds, slashes, brackets.
_SEPARATOR: Final = r"[\s().\-/\u2010-\u2015\u2212\u00b7]"
#: Cheap look ahead: without one of these there is no phone number in a text.
_MAYBE_PHONE: Final = re.compile(rf"[+\uff0b]\s?\(?\d|\d{_SEPARATOR}{{1,3}}\d")
_MOMENT: Final = (
    # 2026-11-22, 2026-11-22T10:00:00.123Z, 2026/11/22
    r"\d{4}([-/.])\d{1,2}\2\d{1,2}(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?"
    r"(?:\s?Z|[+-]\d{2}:?\d{2})?)?"
    # 22.11.2026, 11/22/2026, 11/2026
    r"|\d{1,2}([-/.])\d{1,2}\3\d{4}|(?:0?[1-9]|1[0-2])[-/.](?:19|20)\d{2}"
    # 2025-2026; 2026 - 500 units
    r"|(?:19|20)\d{2}\s?[-/\u2013]\s?(?:19|20)\d{2}|(?:19|20)\d{2}(?=\s[-\u2013]\s)"
)
_ADDRESS: Final = r"\d{1,3}(?:\.\d{1,3}){3}"
#: First what looks like a number but is a moment or an address, left as it is; then phone numbers.
_NUMBER: Final = re.compile(
    rf"(?<![\w+])(?P<kept>{_MOMENT}|{_ADDRESS})(?![\w]|[.]\d)"
    rf"|(?<![\w+\uff0b])(?P<phone>(?:[+\uff0b]\s?)?\(?\d(?:{_SEPARATOR}{{0,3}}\d){{6,14}})(?!\w)"
)
_PLUSES: Final = ("+", "\uff0b")
_GROUPS: Final = re.compile(r"\d+")
#: Up to 999,999,999 written in groups of three is an amount.
_LONGEST_AMOUNT: Final = 9


def redacted(text: str) -> str:
    """Return the text with every e-mail address and phone number replaced by `[redacted]`."""
    if _AT.search(text):
        text = without_emails(text)
    if _MAYBE_PHONE.search(text):
        text = _NUMBER.sub(_without_phone, text)
    return text


def without_emails(text: str) -> str:
    """Return the text with every e-mail address replaced by `[redacted]`."""
    return _TOKEN.sub(_without_email, text)


def names_a_person(text: str) -> bool:
    """Return whether an id holds an e-mail address, or a phone number with its country code.

    Without a plus, digits and separators are as likely to be an amount or a period of an id.
    """
    phones = (found.group("phone") for found in _NUMBER.finditer(text))
    return without_emails(text) != text or any(
        phone is not None and phone.startswith(_PLUSES) for phone in phones
    )


def _without_email(found: re.Match[str]) -> str:
    token = found.group()
    parts = _AT.split(token, maxsplit=1)
    # `@handle`, `3 @ 5`, `10@5` are no addresses: that takes two sides, and letters on the right.
    if len(parts) == 1 or not parts[0] or not any(map(str.isalpha, parts[1])):
        return token
    return REDACTED + token[len(token.rstrip(_TRAILING)) :]


def _without_phone(found: re.Match[str]) -> str:
    candidate = found.group("phone")
    return found.group() if candidate is None or _is_quantity(candidate) else REDACTED


def _is_quantity(candidate: str) -> bool:
    """Whether digits are an id, a decimal number or an amount in groups of three."""
    if candidate.startswith(_PLUSES):
        return False
    groups = _GROUPS.findall(candidate)
    if len(groups) == 1:
        return "(" not in candidate
    if len(groups) == 2 and candidate == ".".join(groups):  # noqa: PLR2004 - digits and decimals
        return True
    first, *others = groups
    return (
        len(first) < 3  # noqa: PLR2004 - 12 345 678; 612 345 678 is a Spanish phone number
        and not first.startswith("0")
        and all(len(group) == 3 for group in others)  # noqa: PLR2004 - groups of three
        and sum(map(len, groups)) <= _LONGEST_AMOUNT
    )
