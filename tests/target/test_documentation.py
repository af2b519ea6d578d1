"""The README says what the code does."""

from __future__ import annotations

from pathlib import Path

import pytest

from target_crmhub_postgres import documentation

README = Path(__file__).parents[2] / "target-crmhub-postgres" / "README.md"


def test_the_tables_of_the_readme_are_those_of_the_code() -> None:
    """If not: `python -m target_crmhub_postgres.documentation target-crmhub-postgres/README.md`."""
    readme = README.read_text(encoding="utf-8")
    assert documentation.updated(readme) == readme


@pytest.mark.parametrize(
    "line",
    [
        "| `lease_token` | `none` | UUID of the connection's lease; ",
        "| `contacts` | `email` | `crm_contacts.email_hash` | e-mail pseudonym |",
        "| `pipelines` | `stages.label` | `crm_pipeline_stages.label` | text, redacted |",
        "| `mass_delete` | 1 | ",
    ],
)
def test_each_table_is_in_the_readme(line: str) -> None:
    assert f"\n{line}" in README.read_text(encoding="utf-8")


def test_the_vectors_of_the_readme_are_those_that_are_tested() -> None:
    vectors = (Path(__file__).parent / "test_pii.py").read_text(encoding="utf-8")
    rows = [
        line.split("`")
        for line in README.read_text(encoding="utf-8").splitlines()
        if line.startswith(("| email |", "| phone |"))
    ]
    assert len(rows) == 2
    for row in rows:
        assert row[5] in vectors
