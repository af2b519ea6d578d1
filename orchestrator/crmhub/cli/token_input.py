"""A token from standard input: never from the arguments, which every user of a machine can see."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

import click

from crmhub.errors import (
    HubSpotUnavailableError,
    InvalidSettingsError,
    NetworkFailedError,
    RateLimitedError,
)
from crmhub.oauth.connecting import OfferedToken, account_of
from crmhub.settings import hubspot_asker, token_endpoint
from crmhub.vault.secret import Secret
from crmhub.vault.store import ACCESS_TOKEN, REFRESH_TOKEN

if TYPE_CHECKING:
    from collections.abc import Callable

_Command = TypeVar("_Command", bound="Callable[..., None]")


def token_options(command: _Command) -> _Command:
    """The two options by which a command takes a token."""
    for option, name, what in (
        ("--refresh-token-stdin", "from_refresh_token", "a refresh token of the OAuth app"),
        ("--access-token-stdin", "from_access_token", "a service key or a private app's token"),
    ):
        command = click.option(option, name, is_flag=True, help=f"Read {what}.")(command)
    return command


def offered_token(*, from_access_token: bool, from_refresh_token: bool) -> OfferedToken | None:
    """The token that is asked for on a terminal, or read from a pipe; None if none was wanted.

    Raises InvalidSettingsError for both kinds at once, and for anything but one token.
    """
    if from_access_token and from_refresh_token:
        raise InvalidSettingsError("give one of --access-token-stdin and --refresh-token-stdin")
    if not from_access_token and not from_refresh_token:
        return None
    if sys.stdin.isatty():
        text = click.prompt("Token", hide_input=True, err=True)
    else:
        text = sys.stdin.read()
    text = text.strip()
    if not text or not text.isascii() or not text.isprintable() or " " in text:
        raise InvalidSettingsError("standard input must hold one token and nothing else")
    return OfferedToken(
        name=ACCESS_TOKEN if from_access_token else REFRESH_TOKEN, secret=Secret(text)
    )


def asked_account(token: OfferedToken) -> str | None:
    """The account of the token where HubSpot can be asked; a warning where it can't.

    Raises as `account_of` for a token that is no good.
    """
    try:
        return account_of(
            token, asker=hubspot_asker(os.environ), endpoint=token_endpoint(os.environ)
        )
    except (HubSpotUnavailableError, NetworkFailedError, RateLimitedError) as error:
        click.echo(f"crmhub: the token is taken unseen: {error}", err=True)
        return None
