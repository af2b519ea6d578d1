"""`crmhub pseudonym`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from crmhub.errors import InvalidSettingsError
from crmhub.settings import pii_hash_salt
from target_crmhub_postgres.pii import Pseudonyms

if TYPE_CHECKING:
    import uuid


@click.command()
@click.option("--org", "org_id", type=click.UUID, required=True, help="The organisation's id.")
@click.option("--email", help="An e-mail address.")
@click.option("--phone", help="A phone number, with its country code or with --region.")
@click.option("--region", help="Country of a number without a country code, as DE.")
def pseudonym(
    *, org_id: uuid.UUID, email: str | None, phone: str | None, region: str | None
) -> None:
    """Print what stands for an e-mail address or a phone number in an organisation's tables.

    \b
    select * from crmhub.crm_contacts
    where email_hash = decode('what this prints', 'hex');
    """
    if (email is None) == (phone is None):
        raise InvalidSettingsError("give one of --email and --phone")
    pseudonyms = Pseudonyms(org_id=org_id, salt=pii_hash_salt(os.environ))
    made = pseudonyms.phone(phone, region) if phone is not None else pseudonyms.email(email or "")
    if made is None:
        raise InvalidSettingsError(
            "no pseudonym stands for this: give a whole address, or a phone number with its "
            "country code (+44 …) or its --region"
        )
    click.echo(made.hex())
