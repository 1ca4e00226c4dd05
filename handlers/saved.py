"""Keeps the queries worth having at hand: by a name, about a service as the catalogue labels it, and a team's own."""

from collections.abc import Iterable, Mapping
from itertools import islice

from engine.sources.families import own_labels, quoted
from engine.team import Service

TEMPLATES: Mapping[str, str] = {
    "availability": "avg(up{%s})",
    "errors": 'sum(rate(http_requests_total{%s,code=~"5.."}[5m])) / sum(rate(http_requests_total{%s}[5m]))',
    "traffic": "sum(rate(http_requests_total{%s}[5m]))",
    "latency": "histogram_quantile(0.95, sum by (le) (rate(http_request_duration_seconds_bucket{%s}[5m])))",
    "dependencies": "min by (dependency) (dependency_up{%s})",
}
"""By name; `%s` is what picks the service's series."""
NAMES: Mapping[str, str] = {
    "可用性": "availability",
    "错误率": "errors",
    "流量": "traffic",
    "延迟": "latency",
    "依赖": "dependencies",
}
EVERYWHERE = (
    "up",
    "sum by (service) (up)",
    'sum by (service) (rate(http_requests_total{code=~"5.."}[5m]))',
    "min by (service, dependency) (dependency_up)",
)
"""What is worth asking of all services at once, as it is typed."""
MOST_SERVICES = 8
LIST = frozenset({"saved", "list", "常用"})
LOGS, TRACES = "logs {service} ERROR", "traces {service} error"


def saved(service: Service) -> dict[str, str]:
    """The expressions people may ask by a name of this service; what its team watches stands for the usual one."""
    labels = own_labels(service) or {"service": service.name}
    matcher = ",".join(f"{label}={quoted(value)}" for label, value in labels.items())
    usual = {name: template.replace("%s", matcher) for name, template in TEMPLATES.items()}
    return {**usual, **{signal.name: signal.expression for signal in service.signals}}


def lines(service: Service) -> tuple[str, ...]:
    """What can be typed behind `query`, one a line: the names with what each asks, then words in logs and traces."""
    named = tuple(f"{name} {service.name}  →  {expression}" for name, expression in saved(service).items())
    return (*named, LOGS.replace("{service}", service.name), TRACES.replace("{service}", service.name))


def everywhere(services: Iterable[str]) -> tuple[str, ...]:
    """The same where no service is named: what asks of all, and how to see what there is of each."""
    return (*EVERYWHERE, *(f"saved {name}" for name in islice(services, MOST_SERVICES)))
