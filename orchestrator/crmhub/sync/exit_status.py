"""With which status a command ends that waited for a run; numbers as in BSD's sysexits.h."""

from __future__ import annotations

from typing import Final

#: Nobody has to do anything: try again later.
TRY_AGAIN: Final = 75
#: The account has to be connected again, or its app needs a scope.
NO_PERMISSION: Final = 77
#: What HubSpot or the mapping brought is refused: look at it.
BAD_DATA: Final = 65
#: A setting, or a row of ours, has to be corrected.
BAD_SETTINGS: Final = 2
#: A fault of CRM Hub.
OUR_FAULT: Final = 70

#: `last_error_class` → exit status.
EXIT_STATUSES: Final = {
    "rate_limit": TRY_AGAIN,
    "hubspot_unavailable": TRY_AGAIN,
    "network": TRY_AGAIN,
    "database": TRY_AGAIN,
    "worker_lost": TRY_AGAIN,
    "timeout": TRY_AGAIN,
    "cancelled": TRY_AGAIN,
    "lease_lost": TRY_AGAIN,
    "invalid_grant": NO_PERMISSION,
    "access_denied": NO_PERMISSION,
    "secret_unreadable": NO_PERMISSION,
    "wrong_account": NO_PERMISSION,
    "missing_scopes": NO_PERMISSION,
    "unknown_stream": BAD_DATA,
    "invalid_record": BAD_DATA,
    "mass_delete": BAD_DATA,
    "tenant_mismatch": BAD_SETTINGS,
    "invalid_settings": BAD_SETTINGS,
    "unexpected_response": OUR_FAULT,
    "internal": OUR_FAULT,
}


def exit_status(error_class: str | None) -> int:
    """The status for how a run ended; 0 for a success."""
    return 0 if error_class is None else EXIT_STATUSES.get(error_class, OUR_FAULT)
