"""Reads one recorded incident: what the engine may see of it, and, apart from that, the truth the scorer holds."""

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.evaluation import files
from bot.evaluation.commits import shipped
from bot.evaluation.files import Points
from engine.errors import InputError
from engine.model import Phrase

SET_ASIDE = 3
"""A case is set aside for the last measurement where sha256(id) is divisible by this."""

METRICS, EDGES, SLI = "metrics.csv", "edge_metrics.csv", "sli.csv"
ARROW = ">"
KNOWN = frozenset({"case", "topology", "events", "alerts", "k8s", "error_log_patterns"})

Rows = tuple[dict[str, Any], ...]


@dataclass(frozen=True)
class Inputs:
    """All of a case that the engine may see; kinds of evidence the case lacks are empty."""

    system: str
    namespace: str = ""
    query: str = ""
    alert_time: float | None = None
    end_time: float | None = None
    candidates: tuple[str, ...] = ()
    metrics: Mapping[str, Points] = field(default_factory=dict)
    edges: Mapping[str, Points] = field(default_factory=dict)
    sli: Mapping[str, Points] = field(default_factory=dict)
    logs: Rows = ()
    spans: Rows = ()
    calls: tuple[tuple[str, str], ...] = ()
    events: Mapping[str, Any] = field(default_factory=dict)
    alerts: Rows = ()
    cluster: Mapping[str, Any] = field(default_factory=dict)
    error_patterns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Truth:
    """What the scorer knows and the engine must not."""

    service: str
    fault: str = ""
    commit: str | None = None
    names_commit: bool = False
    injections: tuple[float, ...] = ()


@dataclass(frozen=True)
class Case:
    """A recorded incident."""

    id: str
    inputs: Inputs
    truth: Truth

    @property
    def set_aside(self) -> bool:
        """Whether nobody may look at this case before the last measurement."""
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % SET_ASIDE == 0


def folders(root: Path) -> list[Path]:
    """Every folder below `root` with a case.json, at any depth. InputError where there is none."""
    if not root.is_dir():
        raise InputError(Phrase(word="evaluation.no_folder", values={"folder": str(root)}))
    found, seen = [], set[Path]()
    for folder, inner, names in os.walk(root, followlinks=True):
        here = Path(folder).resolve()
        if here in seen:
            inner.clear()
            continue
        seen.add(here)
        if "case.json" in names:
            found.append(Path(folder))
    if not found:
        raise InputError(Phrase(word="evaluation.no_cases", values={"folder": str(root)}))
    return sorted(found)


def read(folder: Path) -> Case:
    """One case. InputError: one sentence that says which file is wrong and how."""
    path = folder / "case.json"
    about = files.tree(path)
    if not isinstance(about, dict):
        raise files.broken(path, "no object")
    system, service = about.get("system"), about.get("root_cause_service")
    if not isinstance(system, str) or not system:
        raise files.broken(path, "no system")
    if not isinstance(service, str) or not service:
        raise files.broken(path, "no root_cause_service")
    injections = [about.get("inject_time"), *_listed(about.get("other_injections_in_window"))]
    truth = Truth(
        service=service,
        fault=_word(about.get("fault_type")),
        commit=_word(about.get("root_cause_commit")) or None,
        names_commit="root_cause_commit" in about,
        injections=tuple(sorted(at for each in injections if (at := files.number(each)) is not None)),
    )
    return Case(id=_word(about.get("id")) or folder.name, inputs=_inputs(folder, about, system), truth=truth)


def _inputs(folder: Path, about: Mapping[str, Any], system: str) -> Inputs:
    columns = _measured(folder)
    return Inputs(
        system=system,
        namespace=_word(about.get("namespace")),
        query=_word(about.get("query")),
        alert_time=files.number(about.get("alert_time")),
        end_time=files.number(about.get("end_time")),
        candidates=tuple(str(each) for each in _listed(about.get("candidates")) if each),
        metrics={name: points for name, points in columns.items() if ARROW not in name},
        edges={name: points for name, points in columns.items() if ARROW in name},
        sli=_columns(folder, SLI),
        logs=_rows(folder, "logs.jsonl", "ts"),
        spans=_rows(folder, "traces.jsonl", "start"),
        calls=tuple(_calls(folder)),
        events=shipped({**_more_events(folder), **_object(folder, "events.json")}),
        alerts=tuple(each for each in _list(folder, "alerts.json") if isinstance(each, dict)),
        cluster=_object(folder, "k8s.json"),
        error_patterns=_object(folder, "error_log_patterns.json"),
    )


def _measured(folder: Path) -> dict[str, Points]:
    """The columns of all tables but the entry point's. A table of an unknown name may be of another shape: then it is
    left out."""
    found: dict[str, Points] = {}
    for name in (METRICS, EDGES):
        found |= _columns(folder, name)
    for path in sorted((*folder.glob("*.csv"), *folder.glob("*.csv.gz"))):
        if path.name.removesuffix(".gz") not in (METRICS, EDGES, SLI):
            try:
                found = {**files.table(path).columns, **found}
            except InputError:
                continue
    return found


def _more_events(folder: Path) -> dict[str, Any]:
    """Lists of what was changed that stand in files of their own (releases.json)."""
    found = {}
    for path in sorted((*folder.glob("*.json"), *folder.glob("*.json.gz"))):
        kind = path.name.removesuffix(".gz").removesuffix(".json")
        read = files.tree(path) if kind not in KNOWN else None
        if isinstance(read, list) and all(isinstance(row, dict) for row in read):
            found[kind] = read
    return found


def _columns(folder: Path, name: str) -> dict[str, Points]:
    path = files.found(folder, name)
    return files.table(path).columns if path else {}


def _rows(folder: Path, name: str, time: str) -> Rows:
    """The rows of a file but for those whose time is the zero of a clock that was never set (of Go: in 1754)."""
    path = files.found(folder, name)
    rows = files.rows(path) if path else ()
    return tuple(row for row in rows if (at := files.number(row.get(time))) is None or at > 0)


def _object(folder: Path, name: str) -> Mapping[str, Any]:
    path = files.found(folder, name)
    read = files.tree(path) if path else {}
    if path and not isinstance(read, dict):
        raise files.broken(path, "no object")
    return dict(read)


def _list(folder: Path, name: str) -> list[Any]:
    path = files.found(folder, name)
    read = files.tree(path) if path else []
    if isinstance(read, dict):
        read = read.get("alerts", [read])
    return _listed(read)


def _calls(folder: Path) -> Iterator[tuple[str, str]]:
    edges = _object(folder, "topology.json").get("edges")
    for edge in _listed(edges):
        if isinstance(edge, list | tuple) and len(edge) == 2 and all(isinstance(end, str) and end for end in edge):
            yield edge[0], edge[1]


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: Any) -> str:
    return value if isinstance(value, str) else ""
