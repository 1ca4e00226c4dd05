"""Reads the SQL files: each query stands under its name, with a line on what it is for."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

MARK = "-- name: "


@cache
def queries(area: str) -> Mapping[str, str]:
    """The queries of sql/<area>.sql by name. ValueError where a name stands twice or a query does not
    say what it is for."""
    text = files("store").joinpath("sql", f"{area}.sql").read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for block in text.split(MARK)[1:]:
        name, _, query = block.partition("\n")
        if name in found or not query.startswith("-- "):
            raise ValueError(f"sql/{area}.sql: query {name!r} stands twice, or has no line saying what it is for")
        found[name] = "\n".join(line for line in query.splitlines() if not line.startswith("--")).strip().rstrip(";")
    return found


@cache
def migrations() -> tuple[tuple[int, str], ...]:
    """(schema version, script) of every migration, oldest first; a file's name begins with its version."""
    folder = files("store").joinpath("sql", "migrations")
    scripts = [(item.name, item.read_text(encoding="utf-8")) for item in folder.iterdir() if item.name.endswith(".sql")]
    return tuple((int(name.partition("_")[0]), script) for name, script in sorted(scripts))
