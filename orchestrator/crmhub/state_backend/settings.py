"""The settings that Meltano gains with this backend (entry point `meltano.settings`)."""

from __future__ import annotations

from meltano.core.setting_definition import SettingDefinition, SettingKind

DATABASE_URL = SettingDefinition(
    name="state_backend.crmhub.database_url",
    label="Database",
    description="PostgreSQL address of a login of crmhub_state",
    kind=SettingKind.STRING,
    sensitive=True,
)
LEASE_TOKEN = SettingDefinition(
    name="state_backend.crmhub.lease_token",
    label="Lease",
    description="The lease the run holds; without it, a write takes the lease from whoever has it",
    kind=SettingKind.STRING,
    sensitive=True,
)
