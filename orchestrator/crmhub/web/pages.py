"""Pages: a template, what it shows, and the answer to the browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

if TYPE_CHECKING:
    from fastapi import Request

_TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def render(
    request: Request, template_name: str, status: int = 200, **context: object
) -> HTMLResponse:
    """The page of a template; everything it shows is escaped.

    `viewer` is None in the template unless the context names one, `path` is the page's own.
    """
    page = _TEMPLATES.get_template(template_name).render(
        {"viewer": None, "link": None, "path": request.url.path, **context}
    )
    # What one organisation saw is not for the next one at the same browser.
    return HTMLResponse(page, status_code=status, headers={"Cache-Control": "no-store"})


def fragment(template_name: str, **context: object) -> str:
    """A part of a page, escaped as a whole one is."""
    return _TEMPLATES.get_template(template_name).render(context)
