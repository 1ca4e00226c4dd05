"""Evaluates the alert rules of a Prometheus rule file, second by second."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote_plus

import numpy as np
import promql_parser as parser
import yaml

from bot.demo.annotations import fill
from bot.demo.clock import rfc3339
from bot.demo.promql.evaluate import Evaluation, parse_query
from bot.demo.promql.values import CannotExecute, exponent_text, without_name
from bot.demo.samples import Labels, SampleStore, labels_of

RULES_FILE = Path(__file__).with_name("rules.yml")
RESOLVED_KEPT_S = 15 * 60


@dataclass
class ActiveAlert:
    """One alert of one rule, from pending to resolved; times are seconds since 1970."""

    labels: Labels
    annotations: dict[str, str]
    active_at: float
    value: float
    expression: str
    fired_at: float | None = None
    resolved_at: float | None = None

    @property
    def state(self) -> str:
        """`pending`, `firing` or `inactive`."""
        if self.resolved_at is not None:
            return "inactive"
        return "firing" if self.fired_at is not None else "pending"

    def described(self) -> dict[str, object]:
        """The entry of `/api/v1/alerts`."""
        return {
            "labels": dict(self.labels),
            "annotations": self.annotations,
            "state": self.state,
            "activeAt": rfc3339(self.active_at, 6),
            "value": exponent_text(self.value),
        }


@dataclass
class AlertRule:
    """One alert of the rule file with its live alerts."""

    name: str
    query: str
    hold_s: float
    labels: dict[str, str]
    annotations: dict[str, str]
    expr: parser.Expr
    active: dict[Labels, ActiveAlert] = field(default_factory=dict)
    health: str = "unknown"
    last_error: str = ""
    last_evaluation: float = 0.0

    def evaluate(self, store: SampleStore, now: float) -> None:
        """Evaluate once at `now`: alerts become pending, fire after `hold_s`, resolve when their series is gone."""
        self.last_evaluation = now
        try:
            value = Evaluation(store, np.array([round(now * 1000)], np.int64)).value(self.expr)
        except CannotExecute as problem:
            self.health, self.last_error = "err", str(problem)
            return
        self.health, self.last_error = "ok", ""
        seen: set[Labels] = set()
        for element in value if isinstance(value, list) else []:
            if element.present[0]:
                seen.add(self._raise(dict(without_name(element.labels)), float(element.values[0]), now))
        self._settle(seen, now)

    def _raise(self, series: dict[str, str], value: float, now: float) -> Labels:
        own = {key: fill(text, series, value) for key, text in self.labels.items()}
        labels = labels_of({**series, **own, "alertname": self.name})
        annotations = {key: fill(text, series, value) for key, text in sorted(self.annotations.items())}
        alert = self.active.get(labels)
        if alert is None or alert.resolved_at is not None:
            self.active[labels] = ActiveAlert(labels, annotations, now, value, self.query)
        else:
            alert.value, alert.annotations = value, annotations
        return labels

    def _settle(self, seen: set[Labels], now: float) -> None:
        for labels, alert in list(self.active.items()):
            if labels not in seen:
                if alert.fired_at is None or (alert.resolved_at or now) < now - RESOLVED_KEPT_S:
                    del self.active[labels]
                elif alert.resolved_at is None:
                    alert.resolved_at = now
            elif alert.fired_at is None and now - alert.active_at >= self.hold_s:
                alert.fired_at = now

    def described(self) -> dict[str, object]:
        """The entry of `/api/v1/rules`."""
        live = [alert for alert in self.active.values() if alert.resolved_at is None]
        states = {alert.state for alert in live}
        state = "firing" if "firing" in states else "pending" if "pending" in states else "inactive"
        return {
            "state": state,
            "name": self.name,
            "query": self.query,
            "duration": self.hold_s,
            "keepFiringFor": 0,
            "labels": self.labels,
            "annotations": self.annotations,
            "alerts": [alert.described() for alert in live],
            "health": self.health,
            **({"lastError": self.last_error} if self.last_error else {}),
            "evaluationTime": 0.0,
            "lastEvaluation": rfc3339(self.last_evaluation, 6),
            "type": "alerting",
        }


@dataclass
class RuleGroup:
    """A named group of rules."""

    name: str
    interval_s: float
    rules: list[AlertRule]


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _rule(source: dict[str, object]) -> AlertRule:
    query = _one_line(str(source["expr"]))
    labels, annotations = source.get("labels") or {}, source.get("annotations") or {}
    if not isinstance(labels, dict) or not isinstance(annotations, dict):
        raise ValueError(f"labels and annotations of the alert {source['alert']} must be mappings")
    return AlertRule(
        name=str(source["alert"]),
        query=query,
        hold_s=parser.parse_duration(str(source.get("for", "0s"))).total_seconds() if source.get("for") else 0.0,
        labels={str(key): str(value) for key, value in labels.items()},
        annotations={str(key): str(value) for key, value in annotations.items()},
        expr=parse_query(query),
    )


class RuleBook:
    """All rule groups of one file and the state of their alerts."""

    def __init__(self, path: Path = RULES_FILE) -> None:
        self.path = path
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        self.groups = [
            RuleGroup(
                str(group["name"]),
                parser.parse_duration(str(group.get("interval", "1s"))).total_seconds(),
                [_rule(rule) for rule in group["rules"]],
            )
            for group in document["groups"]
        ]

    def rules(self) -> list[AlertRule]:
        """All rules of all groups."""
        return [rule for group in self.groups for rule in group.rules]

    def evaluate(self, store: SampleStore, now: float) -> None:
        """Evaluate every rule at `now` and write the `ALERTS` series."""
        for rule in self.rules():
            rule.evaluate(store, now)
        rows = [
            (labels_of({**dict(alert.labels), "__name__": "ALERTS", "alertstate": alert.state}), 1.0)
            for rule in self.rules()
            for alert in rule.active.values()
            if alert.resolved_at is None
        ]
        store.write("alert rules", round(now * 1000), rows)

    def sent(self) -> list[ActiveAlert]:
        """The alerts an Alertmanager hears of: firing ones, and resolved ones for a quarter of an hour."""
        return [alert for rule in self.rules() for alert in rule.active.values() if alert.fired_at is not None]

    def active_described(self) -> list[dict[str, object]]:
        """The body of `/api/v1/alerts`."""
        live = [alert for rule in self.rules() for alert in rule.active.values() if alert.resolved_at is None]
        return [alert.described() for alert in live]

    def described(self, kind: str = "") -> list[dict[str, object]]:
        """The groups of `/api/v1/rules`; all rules here are alerting ones."""
        if kind == "record":
            return []
        return [
            {
                "name": group.name,
                "file": self.path.name,
                "rules": [rule.described() for rule in group.rules],
                "interval": group.interval_s,
                "limit": 0,
                "evaluationTime": 0.0,
                "lastEvaluation": rfc3339(max((rule.last_evaluation for rule in group.rules), default=0.0), 6),
            }
            for group in self.groups
        ]


def generator_url(prometheus: str, query: str) -> str:
    """The link Prometheus puts into an alert: its expression, shown as a table."""
    return f"{prometheus}/graph?g0.expr={quote_plus(query, safe='')}&g0.tab=1"
