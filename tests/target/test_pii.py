"""Pseudonyms against the recipe, written down a second time with the standard library alone."""

from __future__ import annotations

import hashlib
import hmac
import uuid

import pytest

from target_crmhub_postgres.pii import Pseudonyms, normalised_email, normalised_phone

ORG = uuid.UUID("11111111-1111-4111-8111-111111111111")
SALT = "correct horse battery staple"


def by_the_recipe(kind: str, value: str, org_id: str = str(ORG)) -> bytes:
    extracted = hmac.digest(bytes(32), SALT.encode(), "sha256")
    key = hmac.digest(extracted, f"crmhub/pii/v1/{org_id}".encode() + b"\x01", "sha256")
    return hmac.digest(key, f"{kind}\0{value}".encode(), hashlib.sha256)


def test_pseudonyms_follow_the_recipe() -> None:
    pseudonyms = Pseudonyms(org_id=ORG, salt=SALT)
    assert pseudonyms.email(" Ann@Example.COM") == by_the_recipe("email", "ann@example.com")
    assert pseudonyms.phone("+493012345678") == by_the_recipe("phone", "+493012345678")
    assert pseudonyms.fingerprint == by_the_recipe("fingerprint", "")


def test_the_vectors_of_the_readme() -> None:
    pseudonyms = Pseudonyms(org_id=ORG, salt=SALT)
    email, phone = pseudonyms.email("ann@example.com"), pseudonyms.phone("+493012345678")
    assert email == bytes.fromhex(
        "71053f549263221f06f4c2957be22a78b072f712137a0f3783647643a7e0d288"
    )
    assert phone == bytes.fromhex(
        "69fecf1b9e518a2af0f75d91ee5d7aba13be7a17c372191da9f0428949183225"
    )


def test_another_organisation_or_salt_has_other_pseudonyms() -> None:
    mine = Pseudonyms(org_id=ORG, salt=SALT)
    others = [
        Pseudonyms(org_id=uuid.uuid4(), salt=SALT),
        Pseudonyms(org_id=ORG, salt=f"{SALT} "),
    ]
    for other in others:
        assert other.email("ann@example.com") != mine.email("ann@example.com")
        assert other.fingerprint != mine.fingerprint


def test_nothing_has_no_pseudonym() -> None:
    pseudonyms = Pseudonyms(org_id=ORG, salt=SALT)
    assert pseudonyms.email(" ") is None
    assert pseudonyms.phone("") is None


@pytest.mark.parametrize(
    ("address", "normalised"),
    [
        ("ann@example.com", "ann@example.com"),
        ("  Ann.B+List@Example.COM\n", "ann.b+list@example.com"),
        ("\u00a0ann@example.com\u00a0", "ann@example.com"),
        ("\uff41nn\uff20example.com", "ann@example.com"),
        ("ann@b\u00fcro.example", "ann@xn--bro-hoa.example"),
        ("ann@BU\u0308RO.example", "ann@xn--bro-hoa.example"),
        ("M\u00fcller@example.com", "m\u00fcller@example.com"),
        ("ann@\u00fc..example", "ann@\u00fc..example"),
        ("no address", "no address"),
        ("", None),
        (" \t", None),
    ],
)
def test_an_address_is_normalised(address: str, normalised: str | None) -> None:
    assert normalised_email(address) == normalised


@pytest.mark.parametrize(
    ("number", "region", "normalised"),
    [
        ("+493012345678", None, "+493012345678"),
        ("+49 (0)30 1234-5678", None, "+493012345678"),
        (" +49 30 12345678 ", "US", "+493012345678"),
        ("\uff0b49\u00a030\u00a012345678", None, "+493012345678"),
        ("030 12345678", "DE", "+493012345678"),
        ("0049 30 12345678", "DE", "+493012345678"),
        ("(415) 555-2671", "US", "+14155552671"),
        ("+1 415 555 2671 ext. 5", None, "+14155552671"),
        ("030 12345678", None, None),
        ("0049 30 12345678", None, None),
        ("call me", "DE", None),
        ("+12", None, None),
        ("1", "DE", None),
        ("", None, None),
    ],
)
def test_a_number_is_normalised_or_left_out(
    number: str, region: str | None, normalised: str | None
) -> None:
    assert normalised_phone(number, region) == normalised
