"""What the internal API is asked and what it answers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class RunDocument(BaseModel):
    """One attempt to bring a connection up to date."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    connection_id: UUID
    org_id: UUID
    trigger: Literal["schedule", "manual", "reset"]
    status: Literal["pending", "running", "succeeded", "failed", "cancelled"]
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    records: dict[str, int] = Field(description="Records the tap sent so far, by stream.")
    error_class: str | None
    error_message: str | None


class ConnectionDocument(BaseModel):
    """One organisation's connection to one account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    org_id: UUID
    provider: str
    external_account_id: str | None = Field(description="HubSpot's portal id.")
    display_name: str | None
    status: Literal["connected", "needs_reconnect", "paused", "disconnected"]
    last_sync_at: datetime | None = Field(description="End of the last successful run.")
    synced_through: datetime | None = Field(
        description="Everything the provider had up to then is in."
    )
    next_sync_at: datetime
    last_error_class: str | None
    last_error_message: str | None


class ConnectionsDocument(BaseModel):
    """A page of connections, in the order of their ids."""

    connections: list[ConnectionDocument]
    next: UUID | None = Field(description="`after` of the next page; null on the last one.")


class ConnectionsQuery(BaseModel):
    """Which page of which connections; a name that is spelt wrongly is refused."""

    model_config = ConfigDict(extra="forbid")

    org_id: UUID | None = Field(default=None, description="Of this organisation only.")
    after: UUID | None = Field(default=None, description="`next` of the page before.")
    limit: int = Field(default=50, ge=1, le=200)


class HealthDocument(BaseModel):
    """That the process answers."""

    status: Literal["ok"]


class ReadinessDocument(BaseModel):
    """Whether the process can serve, and what it lacks."""

    status: Literal["ready", "not ready"]
    checks: dict[str, str] = Field(description="What was looked at: `ok`, or what to do.")
    workers: int | None = Field(
        description="Worker processes heard of lately; null: it could not be asked."
    )
