"""What leaves kept text and what stays in it."""

from __future__ import annotations

import pytest

from target_crmhub_postgres.redaction import redacted


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("Renewal for ann@example.com.", "Renewal for [redacted]."),
        ("<Ann.B+List@sub.example.co.uk>", "<[redacted]>"),
        ("mailto:ann%40example.com", "mailto:[redacted]"),
        ('"ann b"@example.com, ask', "[redacted], ask"),
        ("ann\uff20example.com", "[redacted]"),
        ("m\u00fcller@b\u00fcro.example", "[redacted]"),
        ("a@b.example;c@d.example", "[redacted];[redacted]"),
        ("ann@intranet", "[redacted]"),
        ("call +49 30 12345678 now", "call [redacted] now"),
        ("+14155552671", "[redacted]"),
        ("\uff0b49 30 12345678", "[redacted]"),
        ("(415) 555-2671", "[redacted]"),
        ("415-555-2671", "[redacted]"),
        ("415.555.2671", "[redacted]"),
        ("1 415 555 2671", "[redacted]"),
        ("tel. 030/1234567", "tel. [redacted]"),
        ("06 12 34 56 78", "[redacted]"),
        ("612 345 678", "[redacted]"),
        ("555\u20111234", "[redacted]"),
        ("030\u00a01234567", "[redacted]"),
        ("due 2026-11-22, +49 30 12345678", "due 2026-11-22, [redacted]"),
        ("x" * 100_000 + "@example.com", "[redacted]"),
    ],
)
def test_addresses_and_numbers_leave(text: str, kept: str) -> None:
    assert redacted(text) == kept


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Renewal 2026",
        "2026-11-22",
        "2026-11-22T10:00:00.123Z",
        "2026-11-22T10:00:00+01:00",
        "2026-11-22 10:00:00",
        "22.11.2026",
        "11/22/2026",
        "11/2026 - 03/2027",
        "2025-2026",
        "Q4 2026 - 500 units",
        "1763800000",
        "1763800000000",
        "12345678901",
        "29022297485",
        "19999999999999.99",
        "-0.5",
        "10 000 000",
        "1.000.000",
        "192.168.10.11",
        "v1.2.3",
        "10:30-11:45",
        "@handle",
        "3 @ 5",
        "10@5",
        "a@",
        "7f1d9c3e-41d4-a716-4466-5544aabbccdd",
        "1" * 100_000,
        "1 " * 3,
        "@" * 100_000,
    ],
)
def test_ids_moments_and_amounts_stay(text: str) -> None:
    assert redacted(text) == text
