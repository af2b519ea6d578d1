"""`crmhub signin`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlencode

import click

from crmhub.web.login_tokens import sign_login
from crmhub.web.settings import base_url, signing_key

if TYPE_CHECKING:
    import uuid
    from collections.abc import Mapping

#: Where `crmhub web` listens unless it is told otherwise.
_HERE = "http://127.0.0.1:8080"


@click.command("signin")
@click.option("--org", "org_id", type=click.UUID, required=True, help="The organisation's id.")
@click.option(
    "--role",
    type=click.Choice(["viewer", "admin"]),
    default="viewer",
    show_default=True,
    help="viewer sees, admin also acts.",
)
def signin(*, org_id: uuid.UUID, role: Literal["viewer", "admin"]) -> None:
    """Print a link that signs in to the Status Center of an organisation, once.

    For support, and to try it without the host application. It is good for ten minutes: give it
    to nobody who may not see the organisation's data. Needs CRMHUB_SIGNING_KEY and, unless the
    Status Center is at its usual port of this machine, CRMHUB_BASE_URL.
    """
    click.echo(sign_in_link(os.environ, org_id, role))


def sign_in_link(
    environment: Mapping[str, str], org_id: uuid.UUID, role: Literal["viewer", "admin"]
) -> str:
    """A link that is good once. Raises InvalidSettingsError."""
    address = base_url(environment) or _HERE
    token = sign_login(signing_key(environment), audience=address, org_id=org_id, role=role)
    return f"{address}/sign-in?{urlencode({'token': token})}"
