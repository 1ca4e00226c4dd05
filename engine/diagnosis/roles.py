"""Lists what a series may stand for: its role, the unit it comes in, and the level at which it is trouble by itself."""

from typing import NamedTuple

from engine.model import Unit


class Role(NamedTuple):
    """What a series of this role is measured in, and the level it may not reach.

    `limit`: at this level something is used up, whatever it was before; None: only its course tells. `below`: the
    limit lies under the usual, not over it. `standing`: it is trouble also where it was there all along.
    """

    unit: Unit
    limit: float | None = None
    below: bool = False
    standing: bool = False


ROLES: dict[str, Role] = {
    # What users feel.
    "traffic": Role("per_second"),
    "error_ratio": Role("ratio"),
    "unavailable_ratio": Role("ratio"),
    "timeout_ratio": Role("ratio"),
    "limited_ratio": Role("ratio"),
    "auth_failed_ratio": Role("ratio"),
    "latency_p95": Role("seconds"),
    "availability": Role("ratio"),
    "dependency_error_ratio": Role("ratio"),
    # What it works with.
    "cpu_use": Role("ratio", 0.9),
    "cpu_throttled_ratio": Role("ratio", 0.25),
    "memory_use": Role("ratio", 0.95),
    "heap_use": Role("ratio", 0.95),
    "gc_time": Role("ratio", 0.1),
    "thread_use": Role("ratio", 0.95),
    "descriptor_use": Role("ratio", 0.95, standing=True),
    "disk_use": Role("ratio", 0.97, standing=True),
    "restarts": Role("count"),
    "oom_kills": Role("count"),
    "autoscaler_use": Role("ratio", 1.0),
    "node_ready": Role("ratio"),
    "clock_offset": Role("seconds", 1.0, standing=True),
    # Its database and what it stores.
    "pool_use": Role("ratio", 0.95),
    "pool_wait": Role("seconds"),
    "connection_errors": Role("per_second"),
    "query_time": Role("seconds"),
    "slow_queries": Role("per_second"),
    "queries": Role("per_second"),
    "queries_per_request": Role("count"),
    "deadlocks": Role("per_second"),
    "lock_waits": Role("per_second"),
    "transaction_age": Role("seconds"),
    "replication_lag": Role("seconds"),
    "cache_hit_ratio": Role("ratio"),
    "evictions": Role("per_second"),
    # What it sends and what waits for it.
    "backlog": Role("count"),
    "retries": Role("per_second"),
    "open_circuits": Role("count"),
    # The way to others.
    "dns_error_ratio": Role("ratio"),
    "network_errors": Role("per_second"),
    "network_denials": Role("per_second"),
    "tls_errors": Role("per_second"),
    "cert_expiry": Role("seconds", 0.0, below=True, standing=True),
}

HARM = (
    "error_ratio",
    "unavailable_ratio",
    "timeout_ratio",
    "limited_ratio",
    "latency_p95",
    "availability",
    "dependency_error_ratio",
    "auth_failed_ratio",
    "tls_errors",
    "restarts",
    "oom_kills",
    "backlog",
)
"""Roles that a user of the service feels; their earliest onset is when the trouble began."""


def used_up(role: str, unit: Unit, value: float | None) -> bool:
    """Whether a series of this role at this level is trouble by itself; the unit must be the role's own."""
    known = ROLES.get(role)
    if known is None or known.limit is None or value is None or unit != known.unit:
        return False
    return value <= known.limit if known.below else value >= known.limit
