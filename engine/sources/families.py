"""Finds out which known metric families a Prometheus holds for a service, and under which labels."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.ports import Question
from engine.sources.conventions import ARGOCD_APP, CALLED, LATENCY, POOL_WAITS, SCOPE_LABELS, SERVED, identities
from engine.sources.workings import names as inner
from engine.team import Service

Labels = Mapping[str, str]
LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class Family(NamedTuple):
    """A metric family as one service has it: `matchers` pick its series, `labels` are the names these carry."""

    name: str
    matchers: str
    labels: frozenset[str]

    def pick(self, *more: str) -> str:
        """The selector of this service's series, narrowed by further matchers."""
        return f"{self.name}{{{','.join(filter(None, (self.matchers, *more)))}}}"

    def label(self, names: Sequence[str]) -> str:
        """The first of these label names that the series carry; "" where they carry none."""
        return next((name for name in names if name in self.labels), "")


Families = dict[tuple[str, str], Family]
"""By metric name and by the `extra` matcher of its row ("" for most)."""


def quoted(value: str) -> str:
    """A PromQL or LogQL string; whatever the value holds stays inside it."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\r", "\\r")
    return f'"{escaped}"'


def pattern(value: str) -> str:
    """A value as a regular expression (RE2) that matches it alone."""
    return "".join(f"\\{letter}" if letter in r"\.+*?()|[]{}^$" else letter for letter in value)


def services_of(question: Question) -> tuple[Service, ...]:
    """The alerted service first, then its neighbours, each once, at most nine."""
    named = {service.name: service for service in (question.service, *question.neighbours) if service.name}
    return tuple(named.values())[:9]


def own_labels(service: Service) -> dict[str, str]:
    """The labels by which the catalogue names a service in metrics and logs. What names it elsewhere stays out, and so
    do labels that tell where it runs, and names no label can have."""
    elsewhere = (*SCOPE_LABELS, ARGOCD_APP)
    return {key: value for key, value in service.labels.items() if key not in elsewhere and LABEL.fullmatch(key)}


def lookups(services: Sequence[Service]) -> list[str]:
    """The selectors that find every known family of these services, for `match[]`."""
    either = "|".join(pattern(service.name) for service in services)
    found: list[str] = []
    for labels, names in _wanted().items():
        for ending, narrowed in (("_bucket", 'le="+Inf",'), ("", "")):
            chosen = [name for name in names if name.endswith("_bucket") == bool(ending)]
            if not chosen:
                continue
            metric = f'__name__=~"{"|".join(chosen)}",{narrowed}'
            found += [f"{{{metric}{label}=~{quoted(_value_pattern(label, either))}}}" for label in labels]
            found += [f"{{{metric}{catalogue}}}" for catalogue in _catalogued(services)]
    return list(dict.fromkeys(found))


def unfound(service: Service, labels: Iterable[str]) -> str:
    """A query a person can run to see that nothing is there under any of these labels."""
    values = {**dict.fromkeys(labels, service.name), **own_labels(service)}
    return f"count({' or '.join(f'{{{label}={quoted(value)}}}' for label, value in values.items())})"


def families(service: Service, alert_labels: Labels, series: Sequence[Labels]) -> Families:
    """What these series hold of the service: each family under the most telling label that fits."""
    scope = {k: v for k, v in {**alert_labels, **service.labels}.items() if k in SCOPE_LABELS and v}
    kept: dict[tuple[str, str], tuple[int, str, list[Labels]]] = {}
    for labels in series:
        name = labels.get("__name__", "")
        for identity, extra in ROWS.get(name, ()):
            ranked = _rank(service, identity, labels) if _fits(extra, labels) else None
            if ranked is None:
                continue
            rank, matchers = ranked
            known = kept.get((name, extra))
            if known is None or rank < known[0]:
                kept[name, extra] = (rank, matchers, [labels])
            elif rank == known[0] and matchers == known[1]:
                known[2].append(labels)
    return {
        (name, extra): Family(name, _matchers(matchers, extra, scope, found), frozenset().union(*found))
        for (name, extra), (_, matchers, found) in kept.items()
    }


def _catalogued(services: Sequence[Service]) -> list[str]:
    return [f"{label}={quoted(value)}" for service in services for label, value in own_labels(service).items()]


def _value_pattern(label: str, either: str) -> str:
    """OpenTelemetry writes `namespace/service` into `job`."""
    return f"(.+/)?({either})" if label == "job" else either


def _rank(service: Service, identity: tuple[str, ...], labels: Labels) -> tuple[int, str] | None:
    """How well these labels name the service (lower is better) with the matcher that says so; None: not at all."""
    own = {k: v for k, v in own_labels(service).items() if k in labels}
    if own and all(labels[key] == value for key, value in own.items()):
        return -1, ",".join(f"{key}={quoted(value)}" for key, value in own.items())
    for rank, label in enumerate(identity):
        value = labels.get(label, "")
        if value == service.name or (label == "job" and value.endswith(f"/{service.name}")):
            return rank, f"{label}={quoted(value)}"
    return None


def _matchers(matchers: str, extra: str, scope: Labels, series: Sequence[Labels]) -> str:
    carried = [f"{key}={quoted(value)}" for key, value in scope.items() if any(s.get(key) == value for s in series)]
    fresh = [matcher for matcher in carried if matcher not in matchers]
    return ",".join(filter(None, (matchers, *fresh, extra)))


def _fits(extra: str, labels: Labels) -> bool:
    key, _, value = extra.partition("=")
    return not extra or labels.get(key) == value.strip('"')


def _wanted() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Every metric name there is a row for, by the labels under which it is looked for."""
    wanted = {labels: set(names) for labels, names in identities().items()}
    for labels, name in inner():
        wanted.setdefault(labels, set()).add(name)
    return {labels: tuple(sorted(names)) for labels, names in wanted.items()}


def _table() -> dict[str, list[tuple[tuple[str, ...], str]]]:
    table: dict[str, list[tuple[tuple[str, ...], str]]] = {}
    for row in (*SERVED, *CALLED, *LATENCY, *POOL_WAITS):
        table.setdefault(row.name, []).append((row.identity, row.extra))
    for labels, names in _wanted().items():
        for name in names:
            table.setdefault(name, [(labels, "")])
    return table


ROWS = _table()
