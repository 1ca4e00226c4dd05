"""Puts to each deploy of a recording what it shipped: the commit it names, and those before it not shipped yet."""

import re
from collections.abc import Mapping
from typing import Any

FILLING = re.compile(r"services?|svc|server|[^a-z0-9]")
SHARED = frozenset({"pkg", "internal", "lib", "libs", "common", "shared", "go.mod", "go.sum", "package.json", "deploy"})
SHORTEST = 3
MOST_SHIPPED = 40

Row = dict[str, Any]


def shipped(events: Mapping[str, Any]) -> dict[str, Any]:
    """The events with each deploy's own files and diff, and under `shipped` one row more for each other commit that
    went live with it: it belongs to the service by its path, or is shared."""
    commits = sorted(_rows(events, "commits"), key=lambda row: str(row.get("timestamp")))
    deploys = sorted(_rows(events, "deploys"), key=lambda row: str(row.get("timestamp")))
    by_name = {str(row.get("sha")): row for row in commits}
    since: dict[str, str] = {}
    told: list[Row] = []
    more: list[Row] = []
    for deploy in deploys:
        service, own = str(deploy.get("service")), by_name.get(str(deploy.get("commit_sha")), {})
        told.append({**deploy, **_content(own)})
        until = str(own.get("timestamp") or deploy.get("timestamp"))
        late = [
            row for row in commits if since.get(service, "") < str(row.get("timestamp")) <= until and row is not own
        ]
        more += [
            {**_content(row), "commit_sha": row.get("sha"), "service": service, "timestamp": deploy.get("timestamp")}
            for row in late[-MOST_SHIPPED:]
            if _belongs(row, service)
        ]
        since[service] = until
    return {**events, "deploys": told, "shipped": more}


def _content(commit: Row) -> Row:
    return {key: commit[key] for key in ("files_changed", "diff", "message", "author") if commit.get(key)}


def _belongs(commit: Row, service: str) -> bool:
    name = FILLING.sub("", service.lower())
    return any(_is_of(str(path), name) for path in commit.get("files_changed") or ())


def _is_of(path: str, name: str) -> bool:
    parts = path.lower().split("/")
    if parts[0] in SHARED:
        return True
    cores = [FILLING.sub("", part) for part in parts[:-1]]
    return any(len(core) >= SHORTEST and (name.startswith(core) or core.startswith(name)) for core in cores)


def _rows(events: Mapping[str, Any], kind: str) -> list[Row]:
    listed = events.get(kind)
    return [row for row in listed if isinstance(row, dict)] if isinstance(listed, list) else []
