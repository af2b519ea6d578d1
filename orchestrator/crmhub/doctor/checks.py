"""All checks of `crmhub doctor`, in the order in which one would look."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from crmhub.doctor.connection_checks import check_connection
from crmhub.doctor.database_checks import check_migrations, check_roles, check_version
from crmhub.doctor.engine_checks import check_engine, check_meltano
from crmhub.doctor.hubspot_checks import check_hubspot
from crmhub.doctor.key_checks import check_keys
from crmhub.doctor.setting_checks import check_settings
from crmhub.doctor.web_checks import check_web_settings

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from crmhub.doctor.findings import Check

CHECKS: Final[Mapping[str, Check]] = {
    "settings": check_settings,
    "database": check_version,
    "migrations": check_migrations,
    "roles": check_roles,
    "keys": check_keys,
    "web": check_web_settings,
    "HubSpot": check_hubspot,
    "Meltano": check_meltano,
    "engine": check_engine,
}


def checks_for(connection_id: UUID | None) -> Mapping[str, Check]:
    """The checks of the installation, then those of a connection where one is named."""
    if connection_id is None:
        return CHECKS
    name = f"connection {connection_id}"
    return {**CHECKS, name: partial(check_connection, connection_id=connection_id)}
