"""The readers' benchmarks: `python -m benchmarks.readers`, with tests/ on the path.

Prints how the README's queries are answered with a million contacts of twenty organisations, and
what each index costs a first load, as Markdown. `--quick` does the same at reduced counts.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import psycopg
from benchmarks.index_costs import index_costs
from benchmarks.markdown import table
from benchmarks.reading import say
from sql.crm_rows import CrmRows
from sql.plans import carried_out
from sql.readme_queries import readme_queries

from crmhub.embedded_postgres import embedded_postgres
from crmhub.migrate import migrate
from crmhub.roles import create_logins

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: Whose turn it is; one of the twenty.
_ORG = CrmRows.org_id(3)
_BATCH_ROWS = 10_000
_REPEATS = 3
#: Nothing else writes while the log is measured.
_SERVER = {"shared_buffers": "512MB", "autovacuum": "off", "max_wal_size": "8GB"}


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the benchmarks and print their tables."""
    parser = argparse.ArgumentParser(prog="benchmarks.readers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="everything, at reduced counts")
    quick = parser.parse_args(arguments).quick
    queried = CrmRows(contacts=20_000 if quick else 1_000_000, orgs=20)
    loaded = CrmRows(contacts=10_000 if quick else 200_000, orgs=4)
    for each in (queries(queried), costs(loaded, 1 if quick else _REPEATS)):
        print(each, flush=True)  # noqa: T201 - the program's output


def queries(rows: CrmRows) -> str:
    """Return the table of the README's queries, each asked by one organisation."""
    with embedded_postgres(settings=_SERVER) as server:
        migrate(server.url)
        reader = create_logins(server.url)["crmhub_reader"]
        say(f"readers: {rows.contacts:,} contacts of {rows.orgs} organisations")
        rows.fill(server.url)
        values = rows.example(server.url, _ORG)
        with psycopg.connect(reader, autocommit=True) as connection:
            lines = list(_answers(connection, values))
    return table(
        f"Reading as one of {rows.orgs} organisations: {rows.contacts:,} contacts, {rows.deals:,} "
        "deals; best of three",
        ["query", "ms", "rows", "rows in vain", "tables scanned", "indexes"],
        lines,
    )


def _answers(connection: psycopg.Connection[Any], values: dict[str, str]) -> Iterator[list[object]]:
    begin, set_organisation, *asked, commit = readme_queries()
    connection.execute(begin.statement)
    connection.execute(set_organisation.statement, values)
    for query in asked:
        plans = [carried_out(connection, query.statement, values) for _ in range(_REPEATS)]
        plan = min(plans, key=lambda each: each.milliseconds)
        yield [
            query.title,
            f"{plan.milliseconds:.2f}",
            f"{plan.rows_answered():,.0f}",
            f"{plan.rows_in_vain():,.0f}",
            ", ".join(sorted(plan.sequential_scans())) or "none",
            ", ".join(dict.fromkeys(name for name, _ in plan.index_conditions())) or "none",
        ]
    connection.execute(commit.statement)


def costs(rows: CrmRows, repeats: int) -> str:
    """Return the table of what a first load takes with and without each index."""
    with embedded_postgres(settings=_SERVER) as server:
        migrate(server.url)
        say(f"indexes: {rows.contacts:,} contacts loaded with and without each")
        rows.fill(server.url)
        with psycopg.connect(server.url, autocommit=True) as connection:
            loads = index_costs(connection, batch_rows=_BATCH_ROWS, repeats=repeats)
    whole = {load.table: load for load in loads if not load.left_out}
    return table(
        f"A first load in batches of {_BATCH_ROWS:,}: the server's CPU and log per 100,000 rows; "
        f"best of {repeats}",
        ["table", "rows", "without", "CPU s", "of all", "MB of log", "of all"],
        [
            [
                load.table,
                f"{load.rows:,}",
                ", ".join(load.left_out) or "nothing",
                f"{load.cpu_seconds / load.rows * 100_000:.2f}",
                f"{load.cpu_seconds / whole[load.table].cpu_seconds:.2f}",
                f"{load.wal_bytes / load.rows / 10:.1f}",
                f"{load.wal_bytes / whole[load.table].wal_bytes:.2f}",
            ]
            for load in loads
        ],
    )


if __name__ == "__main__":
    main()
