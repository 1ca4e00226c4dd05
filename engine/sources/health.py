"""Reads what a health check answers: whether the service calls itself well, and which of its parts are not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

MOST_PARTS = 8
LONGEST_NAME = 60
DEEPEST = 4
BAD = frozenset(
    {"down", "fail", "failed", "failing", "error", "unhealthy", "critical", "out_of_service", "unavailable"}
)
PARTS = ("components", "checks", "details", "dependencies", "entries", "results", "services")
WELL = ("status", "state", "health", "healthy", "ok", "up")
SAYS_NOTHING = frozenset({401, 403, 404, 405, 406, 410})
"""Somebody answers, and nobody says how the service does: the address is another, or wants a login."""


class Health(NamedTuple):
    """`well` is None where the answer says nothing of it; `failing` names the parts that are not well."""

    well: bool | None
    failing: tuple[str, ...] = ()


def read(status: int, body: bytes) -> Health:
    """What an answer says; the body may be Spring Boot's, RFC health+json's, .NET's, or no JSON at all."""
    if status in SAYS_NOTHING:
        return Health(None)
    try:
        found: Any = json.loads(body) if body.lstrip()[:1] == b"{" else {}
    except (ValueError, RecursionError):
        found = {}
    said = found if isinstance(found, dict) else {}
    failing = tuple(dict.fromkeys(_failing(said, DEEPEST)))[:MOST_PARTS]
    return Health(status < 400 and not _is_bad(said), failing)


def _failing(said: Mapping[str, Any], depth: int) -> Iterator[str]:
    for key in PARTS if depth else ():
        for name, part in _parts(said.get(key)):
            below = tuple(_failing(part, depth - 1)) if isinstance(part, dict) else ()
            if below:
                yield from below
            elif _is_bad(part):
                yield str(name)[:LONGEST_NAME]


def _parts(value: Any) -> Iterator[tuple[Any, Any]]:
    """Parts by name, or as a list of objects that carry theirs; a list under a name stands for what is in it."""
    if isinstance(value, dict):
        for name, part in value.items():
            yield from ((name, each) for each in (part if isinstance(part, list) else [part]))
    elif isinstance(value, list):
        yield from ((part.get("name", part.get("key", "")), part) for part in value if isinstance(part, dict))


def _is_bad(part: Any) -> bool:
    if isinstance(part, dict):
        return any(_is_bad(part[key]) for key in WELL if isinstance(part.get(key), str | bool))
    return part is False or (isinstance(part, str) and part.strip().lower().replace(" ", "_").replace("-", "_") in BAD)
