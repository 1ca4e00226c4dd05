"""Reads what a metric column stands for out of its name, as the sources know it of the metrics they ask for."""

import re
from typing import NamedTuple

from engine.model import Unit


class Meaning(NamedTuple):
    """The role a live source would give the series, its unit, and the factor that brings values to that unit."""

    role: str
    unit: Unit
    scale: float = 1.0


_SPLIT = re.compile(r"[^a-z0-9]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
INNER: tuple[tuple[str, tuple[frozenset[str], ...]], ...] = tuple(
    (role, tuple(frozenset(part.split("|")) for part in parts.split()))
    for role, parts in (
        ("queries_per_request", "query|queries request"),
        ("cache_hit_ratio", "cache hit|hits"),
        ("evictions", "eviction|evictions|evicted"),
        ("pool_use", "pool active|used|use|utilization|usage|busy"),
        ("pool_wait", "pool wait|waiting|pending"),
        ("restarts", "restart|restarts"),
        ("availability", "ready replicas|pods|instances"),
        ("queries", "queries second|sec"),
        ("backlog", "lag|backlog"),
        ("backlog", "queue depth|length|size"),
        ("cert_expiry", "cert|certificate expiry|days|remaining"),
        ("tls_errors", "handshake|tls failures|failure|errors|error"),
        ("timeout_ratio", "timeout|timeouts"),
        ("retries", "retry|retries"),
        ("disk_use", "disk use|used|utilization|usage"),
        ("gc_time", "gc"),
        ("thread_use", "threads|thread|workers"),
        ("deadlocks", "deadlock|deadlocks"),
    )
)
"""Series that tell what goes on inside, by words their names must have; asked where no other rule knows the name."""
TAILS = frozenset({"p90", "p95", "p99", "90", "95", "99"})
TIMES = frozenset({"latency", "duration", "time", "rt", "mrt"})


def meaning(metric: str) -> Meaning:
    """Role and unit of a metric by the words in its name; what no rule knows keeps its own name."""
    words = frozenset(_SPLIT.split(_CAMEL.sub(" ", metric).lower()))
    if words & TIMES and not words & {"cpu", "client", "source", "gc"}:
        role = "latency_p95" if words & TAILS else metric
        return Meaning(role, "seconds", _to_seconds(words))
    if words & TIMES and words & {"client", "source"}:
        return Meaning(metric, "seconds", _to_seconds(words))
    share = 0.01 if words & {"percent", "pct", "percentage"} else 1.0
    if words & {"error", "errors", "failure", "failures", "5xx", "fault", "faults"}:
        is_share = bool(words & {"ratio", "rate", "percent", "pct", "percentage"})
        return Meaning("error_ratio", "ratio", share) if is_share else Meaning(metric, "none")
    if words & {"success", "availability"} and words & {"percent", "ratio", "rate"}:
        return Meaning(metric, "ratio", share)
    if words & {"workload", "load", "qps", "rps", "ops", "requests", "traffic", "throughput"}:
        return Meaning("traffic", "per_second")
    if "cpu" in words and not words & {"throttled", "throttling"}:
        return Meaning("cpu_use", "none")
    if words & {"mem", "memory"}:
        return Meaning("memory_use", "none")
    role = next((role for role, groups in INNER if all(words & group for group in groups)), metric)
    return Meaning(role, "ratio" if "ratio" in words else "none" if role == metric else "count")


def _to_seconds(words: frozenset[str]) -> float:
    if words & {"ms", "millis", "milliseconds"}:
        return 1e-3
    return 1e-6 if words & {"us", "micros", "microseconds"} else 1.0
