"""HubSpot's callback with any query, and any answer of its token endpoint."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote_from_bytes, urlsplit

from hypothesis import example, given
from hypothesis import strategies as st
from orchestrator.web.at_hubspot import connections
from security.fuzzing import JSON, MARK, tries, trying

from crmhub.errors import CrmHubError
from crmhub.oauth.answers import Answer, read_grant, read_introspection

if TYPE_CHECKING:
    from orchestrator.web.served import ServedWeb

TIMEOUT = 30
#: Values of a query as an address spells them: any bytes, and what is meant for others.
VALUES = st.one_of(
    st.binary(max_size=12).map(quote_from_bytes),
    st.text(st.characters(codec="utf-8"), max_size=8).map(
        lambda text: quote_from_bytes(text.encode())
    ),
    st.sampled_from(
        ["", "%00", "%", "%zz", "%ff", MARK, f"<script>{MARK}</script>", "a%0d%0aX-Y:z", "{{7*7}}"]
    ),
    st.integers(100, 5_000).map(lambda length: "x" * length),
)
#: "good" stands for the state of the way that was just begun.
PARAMETERS = st.tuples(
    st.sampled_from(["state", "code", "error", "error_description", "x"]),
    VALUES | st.just("good"),
)


@tries(40, 800)
def test_a_callback_with_any_query_is_refused_and_quotes_nothing(
    web: ServedWeb, attempts: int
) -> None:
    org_id = web.new_org()
    browser = web.sign_in(org_id)

    def state() -> str:
        begun = browser.get(
            f"{web.url}/oauth/hubspot/start", allow_redirects=False, timeout=TIMEOUT
        )
        return parse_qs(urlsplit(begun.headers["Location"]).query)["state"][0]

    @trying(attempts)
    @given(st.lists(PARAMETERS, max_size=4))
    @example([("state", "good"), ("code", MARK)])
    @example([("state", "good"), ("code", "%00"), ("state", "good")])
    def holds(parameters: list[tuple[str, str]]) -> None:
        query = "&".join(
            f"{name}={state() if value == 'good' else value}" for name, value in parameters
        )
        answer = browser.get(
            f"{web.url}/oauth/hubspot/callback?{query}", allow_redirects=False, timeout=TIMEOUT
        )
        assert answer.status_code == 400, query
        assert MARK not in answer.text
        assert "X-Y" not in answer.headers

    holds()
    assert connections(web, org_id) == []


BODIES = st.dictionaries(
    st.sampled_from(
        ["access_token", "refresh_token", "expires_in", "hub_id", "hub_domain", "scopes", "active"]
    ),
    JSON,
)
#: Nearly always a success: that is what is looked at most closely.
ANSWERS = st.builds(
    Answer,
    status=st.sampled_from([200] * 8 + [400, 401, 403, 429, 500, 530, 302]) | st.none(),
    body=st.none()
    | BODIES
    | st.fixed_dictionaries({"error": JSON, "access_token": st.just("a")})
    | BODIES.map(lambda body: {"access_token": "a", "refresh_token": "b", "active": True} | body),
    retry_after_seconds=st.none() | st.floats(0),
)


def good(**said: object) -> Answer:
    return Answer(status=200, body={"access_token": "a", "active": True, **said})


@tries(200, 8_000)
def test_any_answer_about_tokens_is_of_use_or_refused(attempts: int) -> None:
    @trying(attempts)
    @given(ANSWERS)
    @example(good(access_token="a\r\nX: y"))
    @example(good(access_token="\ud800"))
    @example(good(refresh_token="\u00e9"))
    @example(good(expires_in=math.inf))
    @example(good(expires_in=-1e300))
    @example(good(expires_in=True))
    @example(good(hub_id="\0", hub_domain="\0"))
    def holds(answer: Answer) -> None:
        grant, introspection = read(answer)
        if grant is not None:
            for token in (grant.access_token, grant.refresh_token):
                # It goes into a header, and into the database.
                assert token is None or (token.reveal().isascii() and token.reveal().isprintable())
            assert 0 <= grant.life_seconds <= 365 * 86_400
        for told in (grant, introspection):
            if told is not None:
                assert told.account_id is None or told.account_id.isprintable()
        if introspection is not None:
            assert introspection.domain is None or introspection.domain.isprintable()

    holds()


def read(answer: Answer) -> tuple[Any, Any]:
    """What an answer says as a grant and as an introspection; None for what is refused."""
    found: list[Any] = []
    for reading in (read_grant, read_introspection):
        try:
            found.append(reading(answer))
        except CrmHubError as refusal:
            assert_quotes_nothing(refusal)
            found.append(None)
    return found[0], found[1]


def assert_quotes_nothing(refusal: CrmHubError) -> None:
    assert MARK not in str(refusal)
