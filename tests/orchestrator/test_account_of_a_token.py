"""Which account an access token reads, as HubSpot's answer says, or the error that says why not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from typing_extensions import override

from crmhub.errors import CrmHubError
from crmhub.oauth.account_ids import read_account_id
from crmhub.oauth.answers import Answer
from crmhub.oauth.asking import HubSpotAsker
from crmhub.oauth.token_endpoint import account_of_access_token
from crmhub.vault.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

MARK = "zqmark"


class Answering(HubSpotAsker):
    """HubSpot with one answer."""

    def __init__(self, status: int | None, body: Mapping[str, object] | None) -> None:
        super().__init__()
        self._answer = Answer(status=status, body=body)

    @override
    def ask(
        self,
        method: str,
        path: str,
        *,
        form: Mapping[str, str] | None = None,
        token: Secret | None = None,
    ) -> Answer:
        return self._answer


@pytest.mark.parametrize("portal_id", [42, "42"], ids=repr)
def test_an_account_may_be_a_number_or_its_digits(portal_id: object) -> None:
    asker = Answering(200, {"portalId": portal_id})
    assert account_of_access_token(asker, Secret("t")) == "42"


@pytest.mark.parametrize(
    ("status", "body", "error_class"),
    [
        (200, {}, "unexpected_response"),
        (200, None, "unexpected_response"),
        (200, {"portalId": True}, "unexpected_response"),
        (200, {"portalId": "007"}, "unexpected_response"),
        (200, {"portalId": MARK}, "unexpected_response"),
        (200, {"portalId": {"id": 42}}, "unexpected_response"),
        (200, {"portalId": 10**5000}, "unexpected_response"),
        (404, {"portalId": 42}, "unexpected_response"),
        (401, {"message": MARK}, "access_denied"),
        (530, None, "access_denied"),
        (403, {"category": "MISSING_SCOPES", "message": MARK}, "missing_scopes"),
        (429, {}, "rate_limit"),
        (500, {"message": MARK}, "hubspot_unavailable"),
        (None, None, "network"),
    ],
)
def test_an_answer_without_an_account_is_an_error_by_class(
    status: int | None, body: Mapping[str, object] | None, error_class: str
) -> None:
    with pytest.raises(CrmHubError) as caught:
        account_of_access_token(Answering(status, body), Secret("t"))
    assert caught.value.error_class == error_class
    assert MARK not in str(caught.value)


@pytest.mark.parametrize(
    "value", [0, -1, 10**19, "0", "042", "٤٢", "42\n", "", None, 4.0], ids=repr
)
def test_what_is_not_an_account_id_is_none(value: object) -> None:
    assert read_account_id(value) is None
