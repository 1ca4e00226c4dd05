"""Checks the SQL itself: every query can be prepared, and those that run often never walk through a whole table."""

import re
import sqlite3
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from store.queries import migrations, queries

AREAS = sorted(item.name.removesuffix(".sql") for item in files("store").joinpath("sql").iterdir() if item.is_file())
ALL = [(area, name) for area in AREAS for name in queries(area)]

MAY_WALK = {
    ("register", "beats"): "a row per team and heartbeat",
    ("register", "newest"): "follows the primary key from its end to the limit",
    ("reindex", "order"): "rebuilds everything",
    ("reindex", "forget"): "rebuilds everything",
    ("reindex", "alerts"): "rebuilds everything",
}
"""Queries that read a whole table, and why that is right."""

ORDERED = ("USING INDEX", "USING COVERING INDEX")


@pytest.fixture(scope="module")
def db() -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:")
    for _, script in migrations():
        connection.executescript(script)
    return connection


def plan(db: sqlite3.Connection, query: str) -> list[str]:
    """The steps SQLite takes for a query, with an empty JSON array for every parameter."""
    numbered = [int(mark) for mark in re.findall(r"\?(\d)", query)]
    values = ["[]"] * (max(numbered) if numbered else query.count("?"))
    return [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]


def walks(steps: list[str]) -> list[str]:
    """The steps that go through a whole table. Following an index to a limit is none, nor is a list that was handed
    in, nor the result of a part of the query."""
    harmless = ("USING INDEX", "USING COVERING INDEX", "VIRTUAL TABLE", "CONSTANT ROW", "SCAN (")
    return [step for step in steps if step.startswith("SCAN ") and not any(mark in step for mark in harmless)]


@pytest.mark.parametrize("area, name", ALL, ids=[f"{area}.{name}" for area, name in ALL])
def test_every_query_can_be_prepared_and_uses_an_index(db: sqlite3.Connection, area: str, name: str) -> None:
    steps = plan(db, queries(area)[name])
    assert bool(walks(steps)) <= ((area, name) in MAY_WALK), steps


def test_a_walk_through_a_table_would_be_seen(db: sqlite3.Connection) -> None:
    assert plan(db, "SELECT id FROM entries WHERE actor = ?") == ["SCAN entries"]


def test_every_migration_has_its_own_number() -> None:
    numbers = [version for version, _ in migrations()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_built_wheel_holds_the_sql(root: Path, tmp_path: Path) -> None:
    from hatchling.builders.wheel import WheelBuilder  # noqa: PLC0415

    wheel = Path(next(WheelBuilder(str(root)).build(directory=str(tmp_path), versions=["standard"])))
    names = zipfile.ZipFile(wheel).namelist()
    shipped = {f"store/sql/{area}.sql" for area in AREAS} | {"store/sql/migrations/0001_first.sql"}
    assert shipped <= set(names)
