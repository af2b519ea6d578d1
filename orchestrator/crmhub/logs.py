"""What is said on standard error: JSON for programs, lines for people, never a secret.

Log names are the runbook's: `HubSpotSyncWorker` for the worker, `HubSpotConnector` for what the tap
says, `CrmHubLoader` for the target, `CrmHubWeb` for the web process. Everything said during a run
carries `org_id`, `connection_id` and `run_id`, also what Meltano and the plugins say.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from typing import TYPE_CHECKING, Any, Final

import structlog

from crmhub.sync.meltano_log import redacted

if TYPE_CHECKING:
    from collections.abc import Iterator, MutableMapping
    from uuid import UUID

    from crmhub.sync.runs import Run

#: Libraries say more than anybody wants to read; their warnings are kept.
_CHATTY: Final = ("procrastinate", "psycopg.pool", "urllib3", "asyncio", "uvicorn")


def configure_logging(*, as_json: bool | None = None, level: int = logging.INFO) -> None:
    """Have everything of this process said in one form.

    Args:
        as_json: One JSON object a line; None: unless standard error is a terminal.
        level: The least that is said.
    """
    if as_json is None:
        as_json = not sys.stderr.isatty()
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_secrets,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    renderer: structlog.typing.Processor = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


@contextlib.contextmanager
def said_of_run(run: Run) -> Iterator[None]:
    """Put the ids of a run on everything this thread says until the block ends."""
    with said_of(run_id=run.id, connection_id=run.connection_id, org_id=run.org_id):
        yield


@contextlib.contextmanager
def said_of(**ids: UUID) -> Iterator[None]:
    """Put ids on everything this thread says until the block ends."""
    with structlog.contextvars.bound_contextvars(**{name: str(id_) for name, id_ in ids.items()}):
        yield


def _without_secrets(
    _logger: object, _method: str, entry: MutableMapping[str, Any]
) -> MutableMapping[str, Any]:
    """Make whatever looks like a secret stars, in the words and in every value."""
    for name, value in entry.items():
        if isinstance(value, str):
            entry[name] = redacted(value)
    return entry
