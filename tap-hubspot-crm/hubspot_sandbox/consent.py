"""The page on which HubSpot asks a user whether an app may read an account (HubSpot: OAuth).

Whoever comes here chooses the account, as a user of HubSpot with several of them does.
"""

from html import escape
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Request

from hubspot_sandbox.calls import Answer
from hubspot_sandbox.sandbox import Sandbox

_ASKED: Final = ("client_id", "redirect_uri", "scope", "state")
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 3rem auto; }}
label {{ display: block; }} button {{ font: inherit; padding: .5rem 1rem; margin: 1rem .5rem 0 0; }}
</style></head><body><h1>{title}</h1>{content}</body></html>
"""


def ask_consent(sandbox: Sandbox, request: Request) -> Answer:
    """Answer the page that asks; an address that an app got wrong is told to its user."""
    asked = request.args
    problem = _problem(sandbox, asked)
    if problem is not None:
        return _page("This app asks in a wrong way", f"<p>{escape(problem)}</p>", status=400)
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{escape(asked.get(name, ""))}">'
        for name in _ASKED
    )
    accounts = "".join(
        f'<label><input type="radio" name="portal_id" value="{portal_id}" required'
        f"{' checked' if number == 0 else ''}> Account {portal_id}</label>"
        for number, portal_id in enumerate(sorted(sandbox.portals))
    )
    scopes = "".join(f"<li>{escape(scope)}</li>" for scope in asked.get("scope", "").split())
    return _page(
        "Connect an app to HubSpot",
        '<form method="post">'
        f"{hidden}<fieldset><legend>Choose an account</legend>{accounts}</fieldset>"
        f"<p>The app asks for:</p><ul>{scopes}</ul>"
        '<button name="decision" value="connect">Connect app</button>'
        '<button name="decision" value="cancel" formnovalidate>Cancel</button></form>',
    )


def decide(sandbox: Sandbox, request: Request) -> Answer:
    """Lead the user back to the app: with a code, or with the news that there is none."""
    asked = request.form
    problem = _problem(sandbox, asked)
    if problem is not None:
        return _page("This app asks in a wrong way", f"<p>{escape(problem)}</p>", status=400)
    told = {"state": asked["state"]} if asked.get("state") else {}
    if asked.get("decision") != "connect":
        told |= {
            "error": "access_denied",
            "error_description": "The user did not authorize the app",
        }
        return _back(asked, told)
    chosen = asked.get("portal_id", type=int)
    portal = None if chosen is None else sandbox.portals.get(chosen)
    if portal is None:
        return _page("There is no such account", "<p>Go back and choose another.</p>", status=400)
    code = sandbox.issue_code(
        portal.portal_id,
        redirect_uri=asked["redirect_uri"],
        # What the account does not have, nobody can grant.
        scopes=tuple(scope for scope in asked["scope"].split() if scope in portal.scopes),
    )
    return _back(asked, {"code": code, **told})


def _problem(sandbox: Sandbox, asked: MultiDict[str, str]) -> str | None:
    if asked.get("client_id") != sandbox.client_id:
        return "The client id is missing or unknown."
    parts = urlsplit(asked.get("redirect_uri", ""))
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        return "The redirect URL is missing or is no address."
    if not asked.get("scope", "").split():
        return "No scope is asked for."
    return None


def _back(asked: MultiDict[str, str], told: dict[str, str]) -> Answer:
    parts = urlsplit(asked["redirect_uri"])
    query = "&".join(part for part in (parts.query, urlencode(told)) if part)
    return Answer(
        body=None, status=302, headers={"Location": urlunsplit(parts._replace(query=query))}
    )


def _page(title: str, content: str, *, status: int = 200) -> Answer:
    return Answer(
        body=_PAGE.format(title=title, content=content).encode(),
        status=status,
        headers={"Content-Type": "text/html; charset=utf-8"},
    )
