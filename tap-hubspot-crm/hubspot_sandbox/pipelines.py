"""Deal pipelines and owners: the small lists that give deals their meaning."""

from dataclasses import dataclass
from typing import Final, Literal

from hubspot_sandbox.clock import iso


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One stage of a pipeline; probability is HubSpot's text, "0.0" to "1.0"."""

    id: str
    label: str
    probability: str
    closed: bool = False
    archived: bool = False

    @property
    def won(self) -> bool:
        """Whether a deal that stands here was won."""
        return self.closed and float(self.probability) == 1


@dataclass(frozen=True, kw_only=True)
class Pipeline:
    """A deal pipeline with its stages in order; moments are milliseconds since 1970."""

    id: str
    label: str
    display_order: int
    stages: tuple[Stage, ...]
    #: HubSpot's own pipeline says 1970: no key for anyone (HubSpot: pipelines, recorded).
    created_at: int = 0
    updated_at: int = 0
    archived: bool = False


@dataclass(frozen=True, kw_only=True)
class Owner:
    """A user who can own records, or a queue; deactivated where `archived`."""

    id: int
    user_id: int
    email: str
    first_name: str
    last_name: str
    created_at: int
    updated_at: int
    type: Literal["PERSON", "QUEUE"] = "PERSON"
    archived: bool = False
    team: str | None = None


def stage_of(
    pipelines: dict[str, Pipeline], pipeline_id: str | None, stage_id: str | None
) -> Stage | None:
    """Return the stage with this id in this pipeline, if there is one."""
    pipeline = pipelines.get(pipeline_id or "")
    stages = pipeline.stages if pipeline else ()
    return next((stage for stage in stages if stage.id == stage_id), None)


def describe_pipeline(pipeline: Pipeline) -> dict[str, object]:
    """Return a pipeline as HubSpot answers it, stages inline."""
    moments = {"createdAt": iso(pipeline.created_at), "updatedAt": iso(pipeline.updated_at)}
    return {
        "label": pipeline.label,
        "displayOrder": pipeline.display_order,
        "id": pipeline.id,
        "stages": [
            {
                "label": stage.label,
                "displayOrder": order,
                "metadata": {
                    "isClosed": "true" if stage.closed else "false",
                    "probability": stage.probability,
                },
                "id": stage.id,
                **moments,
                "archived": stage.archived,
                "writePermissions": "CRM_PERMISSIONS_ENFORCEMENT",
            }
            for order, stage in enumerate(pipeline.stages)
        ],
        **moments,
        "archived": pipeline.archived,
    }


def describe_owner(owner: Owner) -> dict[str, object]:
    """Return an owner as HubSpot answers it; a deactivated one has no `userId`."""
    body: dict[str, object] = {
        "id": str(owner.id),
        "email": owner.email,
        "type": owner.type,
        "firstName": owner.first_name,
        "lastName": owner.last_name,
        "userId": None if owner.archived else owner.user_id,
        "userIdIncludingInactive": owner.user_id,
        "createdAt": iso(owner.created_at),
        "updatedAt": iso(owner.updated_at),
        "archived": owner.archived,
    }
    if owner.team:
        body["teams"] = [{"id": str(owner.id % 7 + 1), "name": owner.team, "primary": True}]
    return body


DEFAULT_PIPELINES: Final = (
    Pipeline(
        id="default",
        label="Sales Pipeline",
        display_order=0,
        stages=(
            Stage(id="appointmentscheduled", label="Appointment Scheduled", probability="0.2"),
            Stage(id="qualifiedtobuy", label="Qualified To Buy", probability="0.4"),
            Stage(id="presentationscheduled", label="Presentation Scheduled", probability="0.6"),
            Stage(id="decisionmakerboughtin", label="Decision Maker Bought-In", probability="0.8"),
            Stage(id="contractsent", label="Contract Sent", probability="0.9"),
            Stage(id="closedwon", label="Closed Won", probability="1.0", closed=True),
            Stage(id="closedlost", label="Closed Lost", probability="0.0", closed=True),
        ),
    ),
    Pipeline(
        id="74838501",
        label="Renewals",
        display_order=1,
        created_at=1_709_290_000_123,
        updated_at=1_741_000_000_456,
        stages=(
            Stage(id="142586011", label="Up for renewal", probability="0.5"),
            Stage(id="142586012", label="In talks", probability="0.7"),
            Stage(id="142586013", label="Offer sent", probability="0.85"),
            Stage(id="142586014", label="Renewed", probability="1.0", closed=True),
            Stage(id="142586015", label="Not renewed", probability="0.0", closed=True),
        ),
    ),
)
