"""Lists how far each kind of series must move before it counts, by role and by unit."""

from engine.diagnosis.series import Floor
from engine.model import Unit

_FAILURES = Floor(absolute=0.015, relative=1.0, assumed=0.0)

_SHARE_WATCHED = Floor(absolute=0.015, relative=0.3, falls=True, assumed=0.0)
"""An alert on a share has no samples while nothing of the kind happens."""

_EVENTS = Floor(absolute=1.0, relative=0.5, assumed=0.0)
"""Counted one by one: the first restart or kill after a calm time is already news."""

_FAULTS_PER_SECOND = Floor(absolute=0.05, relative=1.0, assumed=0.0)
"""Three a minute, where there were none."""

BY_ROLE: dict[str, Floor] = {
    "error_ratio": _FAILURES,
    "unavailable_ratio": _FAILURES,
    "timeout_ratio": _FAILURES,
    "limited_ratio": _FAILURES,
    "dependency_error_ratio": Floor(absolute=0.03, relative=1.0, assumed=0.0),
    "latency_p95": Floor(absolute=0.05, relative=0.8),
    "pool_wait": Floor(absolute=0.03, relative=1.5),
    "traffic": Floor(absolute=0.5, relative=0.4, falls=True),
    "availability": Floor(absolute=0.05, relative=0.05, rises=False, falls=True, assumed=1.0),
    "auth_failed_ratio": _FAILURES,
    "dns_error_ratio": _FAILURES,
    "cpu_use": Floor(absolute=0.2, relative=0.5),
    "cpu_throttled_ratio": Floor(absolute=0.1, relative=0.5),
    "memory_use": Floor(absolute=0.1, relative=0.15),
    "heap_use": Floor(absolute=0.15, relative=0.25),
    "gc_time": Floor(absolute=0.05, relative=1.0),
    "thread_use": Floor(absolute=0.2, relative=0.5),
    "descriptor_use": Floor(absolute=0.15, relative=0.5),
    "disk_use": Floor(absolute=0.03, relative=0.03),
    "restarts": _EVENTS,
    "oom_kills": _EVENTS,
    "open_circuits": _EVENTS,
    "autoscaler_use": Floor(absolute=0.2, relative=0.3),
    "node_ready": Floor(absolute=0.05, relative=0.05, rises=False, falls=True, assumed=1.0),
    "clock_offset": Floor(absolute=0.1, relative=5.0),
    "connection_errors": _FAULTS_PER_SECOND,
    "slow_queries": _FAULTS_PER_SECOND,
    "deadlocks": _FAULTS_PER_SECOND,
    "lock_waits": Floor(absolute=0.2, relative=2.0, assumed=0.0),
    "network_denials": _FAULTS_PER_SECOND,
    "tls_errors": _FAULTS_PER_SECOND,
    "network_errors": Floor(absolute=0.5, relative=2.0, assumed=0.0),
    "retries": Floor(absolute=0.2, relative=1.0, assumed=0.0),
    "evictions": Floor(absolute=1.0, relative=1.0, assumed=0.0),
    "query_time": Floor(absolute=0.02, relative=1.0),
    "queries_per_request": Floor(absolute=3.0, relative=1.0),
    "transaction_age": Floor(absolute=30.0, relative=2.0),
    "replication_lag": Floor(absolute=5.0, relative=2.0),
    "cache_hit_ratio": Floor(absolute=0.1, relative=0.1, rises=False, falls=True),
    "backlog": Floor(absolute=50.0, relative=1.0),
    "cert_expiry": Floor(absolute=86400.0, relative=0.5, rises=False, falls=True),
}

BY_UNIT: dict[Unit, Floor] = {
    "ratio": Floor(absolute=0.02, relative=0.3, falls=True),
    "seconds": Floor(absolute=0.05, relative=0.8, falls=True),
    "per_second": Floor(absolute=0.5, relative=0.4, falls=True),
    "count": Floor(absolute=3.0, relative=0.5, falls=True),
    "connections": Floor(absolute=2.0, relative=0.5, falls=True),
    "none": Floor(absolute=1e-9, relative=0.5, falls=True),
}

_POOL: dict[Unit, Floor] = {
    "ratio": Floor(absolute=0.2, relative=0.5),
    "connections": Floor(absolute=3.0, relative=1.0),
}


def floor(role: str, unit: Unit) -> Floor:
    """The floor of a series; roles nobody named are judged by their unit, in both directions."""
    if role == "sli" and unit == "ratio":
        return _SHARE_WATCHED
    if role == "pool_use":
        return _POOL.get(unit, BY_UNIT[unit])
    return BY_ROLE.get(role) or BY_UNIT[unit]
