"""A token from standard input: never from the arguments, which every user of a machine can see."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeVar

import click

from crmhub.errors import (
    CrmHubError,
    HubSpotUnavailableError,
    InvalidSettingsError,
    NetworkFailedError,
    RateLimitedError,
    UnknownAccountError,
)
from crmhub.oauth.account_ids import read_account_id
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


def account_option(command: _Command) -> _Command:
    """The option by which a person states an account."""
    return click.option(
        "--account-id",
        callback=_stated_account,
        help="HubSpot's id of the account; needed only where HubSpot cannot be asked for it.",
    )(command)


def _stated_account(
    _context: click.Context, _option: click.Parameter, value: str | None
) -> str | None:
    if value is not None and read_account_id(value) is None:
        raise InvalidSettingsError(
            "--account-id must be the account's id at HubSpot: digits without leading zeros"
        )
    return value


def account_of_offered(token: OfferedToken, *, stated: str | None, known: str | None = None) -> str:
    """The account that the token reads: as HubSpot says, else as stated, else as known.

    What HubSpot does not say is taken with a warning: the first run proves it.

    Args:
        token: The token.
        stated: The account of --account-id.
        known: The account of the connection that the token is for.

    Raises as `account_of` for a token that is no good, InvalidSettingsError for one of another
    account than the stated one, UnknownAccountError where there is no account to take.
    """
    try:
        told = account_of(
            token, asker=hubspot_asker(os.environ), endpoint=token_endpoint(os.environ)
        )
    except (HubSpotUnavailableError, NetworkFailedError, RateLimitedError) as error:
        return _taken_unseen(stated or known, error)
    if stated is not None and stated != told:
        raise InvalidSettingsError(f"the token reads account {told}, not --account-id {stated}")
    return told


def _taken_unseen(account: str | None, reason: CrmHubError) -> str:
    if account is None:
        raise UnknownAccountError(
            f"it is not known which account the token reads: {reason}. Try again later, or give "
            "the account's id at HubSpot with --account-id"
        )
    click.echo(
        f"crmhub: the token is taken unseen as one of account {account}, which its first run "
        f"proves: {reason}",
        err=True,
    )
    return account
