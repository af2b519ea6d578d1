"""A connection of which it is not known which account it is of is not loaded, unless told."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from target.loading import record, schema, state

from target_crmhub_postgres.errors import TenantMismatchError

if TYPE_CHECKING:
    from target.loading import Hub


def test_a_connection_of_an_unknown_account_is_refused_before_anything_is_written(
    hub: Hub,
) -> None:
    org_id, connection_id = hub.database.add_connection(account_id=None)
    unknown = hub.having(org_id=str(org_id), connection_id=str(connection_id))
    ended = unknown.run([schema("contacts"), record("contacts", id="1"), state(done=1)])
    assert (ended.status, ended.error["error_class"], ended.states) == (2, "invalid_settings", [])
    assert "not known which account" in ended.error["message"]
    assert "allow_unknown_account" in ended.error["message"]
    counts = hub.database.rows(
        "select (select count(*) from crmhub.crm_contacts where org_id = %(org)s) as contacts, "
        "(select count(*) from crmhub.pii_fingerprints where org_id = %(org)s) as fingerprints",
        {"org": org_id},
    )
    assert counts == [{"contacts": 0, "fingerprints": 0}]


def test_a_connection_of_an_unknown_account_is_loaded_if_that_is_allowed(hub: Hub) -> None:
    org_id, connection_id = hub.database.add_connection(account_id=None)
    told = hub.having(
        org_id=str(org_id), connection_id=str(connection_id), allow_unknown_account=True
    )
    told.load([schema("contacts"), record("contacts", id="1")])
    assert hub.database.rows(
        "select external_id from crmhub.crm_contacts where org_id = %s", [org_id]
    ) == [{"external_id": "1"}]


def test_another_organisations_connection_is_a_mismatch_whatever_is_known_of_it(hub: Hub) -> None:
    _, connection_id = hub.database.add_connection(account_id=None)
    with pytest.raises(TenantMismatchError):
        hub.having(connection_id=str(connection_id)).load([schema("contacts")])
