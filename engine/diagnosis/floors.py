"""Lists how far each kind of series must move before it counts, by role and by unit."""

from engine.diagnosis.series import Floor
from engine.model import Unit

_FAILURES = Floor(absolute=0.015, relative=1.0, assumed=0.0)

_SHARE_WATCHED = Floor(absolute=0.015, relative=0.3, falls=True, assumed=0.0)
"""An alert on a share has no samples while nothing of the kind happens."""

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
