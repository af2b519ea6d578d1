"""People who look at the Status Center with a browser, and what they notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

if TYPE_CHECKING:
    import uuid
    from types import TracebackType

    from orchestrator.web.served import ServedWeb
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page

#: axe-core (MPL-2.0, see axe-LICENSE.txt): finds what people with a handicap stumble over.
_AXE: Final = Path(__file__).with_name("axe-4.14.1.min.js").read_text(encoding="utf-8")
_SERIOUS: Final = frozenset({"serious", "critical"})
#: Nothing here takes so long, milliseconds.
PATIENCE_MS: Final = 20_000
DESKTOP: Final = (1180, 900)
PHONE: Final = (375, 812)
#: What Chromium and htmx say of an answer that is a refusal; a test that wants one sees the page.
_REFUSALS: Final = ("Failed to load resource", "Response Status Error Code")


@dataclass
class Visitors:
    """Everybody who came during one test."""

    browser: Browser
    web: ServedWeb
    #: Where pictures go.
    pictures: Path
    #: What the pages' consoles said that they should not.
    complaints: list[str] = field(default_factory=list)
    _contexts: list[BrowserContext] = field(default_factory=list)

    def sign_in(
        self,
        org_id: uuid.UUID,
        role: Literal["viewer", "admin"] = "admin",
        *,
        path: str = "/integrations",
        size: tuple[int, int] = DESKTOP,
        scheme: Literal["light", "dark"] = "light",
        zone: str = "UTC",
        has_script: bool = True,
    ) -> Page:
        """A new browser, signed in and at a page."""
        width, height = size
        context = self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            timezone_id=zone,
            locale="en-GB",
            java_script_enabled=has_script,
            reduced_motion="reduce",
        )
        context.set_default_timeout(PATIENCE_MS)
        context.on("console", self._hear)
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self._contexts.append(context)
        page = context.new_page()
        page.goto(self.web.sign_in_link(org_id, role, return_to=path))
        return page

    def picture(self, page: Page, name: str, *, whole: bool = True) -> None:
        """Keep what the page looks like, as an artefact of the test run."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=self.pictures / f"{name}.png", full_page=whole, animations="disabled")

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(_REFUSALS):
            self.complaints.append(message.text)

    def __enter__(self) -> Self:
        """Begin with nobody there."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Everybody leaves."""
        for context in self._contexts:
            context.close()


def serious_findings(page: Page, *rules: str) -> list[str]:
    """What axe-core finds on the page that is serious or worse: rule and first place.

    By these rules of its, or by all.
    """
    page.evaluate(_AXE)
    options = {"resultTypes": ["violations"], **({"runOnly": list(rules)} if rules else {})}
    found: dict[str, Any] = page.evaluate("options => axe.run(options)", options)
    return [
        f"{each['id']}: {each['nodes'][0]['html']}"
        for each in found["violations"]
        if each["impact"] in _SERIOUS
    ]
