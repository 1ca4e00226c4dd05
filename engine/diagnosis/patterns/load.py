"""Lists what too much work does: more traffic than a service carries, its own limit, and queues that grow."""

from engine.diagnosis.clues import Clue
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    AT_MOST_REPLICAS,
    CHANGE_BEFORE,
    CPU_FULL,
    ERRORS_NORMAL,
    ERRORS_UP,
    HARM,
    LATENCY_UP,
    LIMIT_LOGGED,
    LIMITED_UP,
    NO_CHANGE,
    OWN_FAILURES,
    PEER_DISTURBED,
    POOL_FULL,
    RESTARTED,
    TRAFFIC_UP,
    cried,
    down,
    logged,
    steady,
    up,
)

WAITING = Clue(name="waiting", any=(up("backlog"), cried("backlog")))
NOT_KEEPING_UP = Clue(
    name="not_keeping_up",
    vague=True,
    any=(*HARM.any, logged("backlog", "timeout", "retry"), down("traffic"), up("traffic", "restarts")),
)

LOADS: tuple[Pattern, ...] = (
    Pattern(
        category="rate_limited",
        required=(LIMITED_UP, Clue(name="limit_reached", any=(*TRAFFIC_UP.any, *LIMIT_LOGGED.any))),
        supporting=(TRAFFIC_UP, LIMIT_LOGGED, ERRORS_NORMAL, NO_CHANGE),
        contradicting=(against(ERRORS_UP), against(CHANGE_BEFORE, unless=TRAFFIC_UP)),
        offers=("configure",),
        next_steps=("diagnosis.next.limit_headroom", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="traffic_surge",
        required=(TRAFFIC_UP, HARM, NO_CHANGE),
        supporting=(LATENCY_UP, ERRORS_UP, POOL_FULL, OWN_FAILURES, CPU_FULL, AT_MOST_REPLICAS),
        contradicting=(against(CHANGE_BEFORE), against(PEER_DISTURBED), against(LIMITED_UP)),
        explains=(
            "cpu_saturation",
            "thread_exhaustion",
            "db_pool_exhaustion",
            "oom_kill",
            "gc_pressure",
            "queue_backlog",
            "slow_query",
            "lock_contention",
        ),
        offers=("scale", "rate_limit"),
        next_steps=("diagnosis.next.traffic_sources", "diagnosis.next.capacity"),
    ),
    Pattern(
        category="queue_backlog",
        by_change=True,
        required=(WAITING, NOT_KEEPING_UP),
        supporting=(RESTARTED, LATENCY_UP, NO_CHANGE, CHANGE_BEFORE),
        contradicting=(against(steady("backlog")),),
        offers=("scale",),
        next_steps=("diagnosis.next.consumers", "diagnosis.next.traffic_sources"),
    ),
)
