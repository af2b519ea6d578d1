"""What the end-to-end tests compare by: no damage to a stored row escapes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from end_to_end.comparison import compare

from crmhub.queries import read_queries

if TYPE_CHECKING:
    from end_to_end.conftest import Scene

_STATEMENTS = read_queries(Path(__file__).with_name("damages.sql"))
#: A statement of damages.sql, and what the comparison then says.
DAMAGES = {
    "wrong_email": "email_hash is",
    "wrong_phone": "phone_hash is",
    "contact_lost": "missing",
    "contact_left_over": "left over",
    "contact_archived": "archived is",
    "older_contact": "source_updated_at is",
    "property_lost": "properties: has",
    "wrong_property": "properties: hs_analytics_num_visits is",
    "contact_of_another": "missing",
    "wrong_amount": "amount is",
    "wrong_name": "name is",
    "wrong_labels": "labels is",
    "link_lost": "missing",
    "owner_without_email": "email_hash is",
    "wrong_probability": "probability is",
    "wrong_totals": "stream totals",
}


def test_whatever_is_damaged_in_the_tables_is_told(scene: Scene) -> None:
    assert scene.stage.sync(scene.birch).failure is None
    told: set[str] = set()
    assert differences(scene, salt=scene.stage.salt) == told
    hashed = scene.database.rows(
        "select external_id from crmhub.crm_contacts where hash_version is not null union all "
        "select external_id from crmhub.crm_owners where hash_version is not null"
    )
    with_another_salt = differences(scene, salt="another salt than the stage's")
    assert len({line.partition(":")[0] for line in with_another_salt}) == len(hashed) > 50
    for name, said in DAMAGES.items():
        scene.database.rows(_STATEMENTS[name])
        [new] = differences(scene, salt=scene.stage.salt) - told
        assert said in new
        told.add(new)


def differences(scene: Scene, *, salt: str) -> set[str]:
    compared = compare(scene.database, scene.birch, salt=salt, is_complete=True)
    assert compared.values > 5 * compared.rows > 500
    return set(compared.differences)
