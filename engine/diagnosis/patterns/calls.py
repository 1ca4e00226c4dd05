"""Lists what goes wrong when a service calls another: it is slow, gone, failing, or called again and again."""

from engine.diagnosis.clues import Clue, Sign
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    CALLS_FAIL,
    CHANGE_BEFORE,
    CIRCUITS_OPEN,
    ERRORS_UP,
    FAILS_FOR_OTHERS,
    HARM,
    IMPLICATED,
    LOGS,
    NO_CHANGE,
    PACKETS_DENIED,
    PEER_CALM,
    PEER_CHANGED,
    PEER_DISTURBED,
    PEER_LOGS,
    PEER_UP,
    POOL_FULL,
    SPANS,
    TIMEOUTS_UP,
    TRAFFIC_UP,
    down,
    logged,
    normal,
    up,
)

# A stuck neighbour finishes nothing, so the latency of what it did finish stays as it was.
PEER_STUCK = Clue(
    name="peer_stuck",
    any=(*PEER_DISTURBED.any, *PEER_LOGS.any, Sign(signals=("slow_span",), where="to_peer")),
)
CALLS_TIME_OUT = Clue(
    name="calls_time_out",
    any=(
        up("latency_p95", where="peer"),
        Sign(signals=("slow_span",), where="peer"),
        Sign(signals=("slow_span",), where="to_peer"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("timeout",)),
    ),
)
CALLS_ANSWERED = Clue(name="calls_answered", any=(normal("dependency_error_ratio", where="to_peer"),))
GAVE_UP = Clue(
    name="gave_up",
    any=(
        up("timeout_ratio"),
        up("dependency_error_ratio", where="to_peer"),
        Sign(signals=("new_error_log", "surging_error_log", "error_span"), where="to_peer"),
    ),
)
PEER_GONE = Clue(
    name="peer_gone",
    any=(
        down("availability", where="peer"),
        Sign(signals=("state",), where="peer"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("unreachable",)),
    ),
)
PEER_FAILS = Clue(
    name="peer_fails",
    any=(
        up(*("error_ratio", "unavailable_ratio"), where="peer"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("peer_failed",)),
    ),
)
UNREACHABLE = Clue(name="unreachable", any=(Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("unreachable",)),))
RETRYING = Clue(name="retrying", any=(up("retries"), logged("retry")))
PEER_FLOODED = Clue(name="peer_flooded", any=(up("traffic", where="peer"),))

CALLS: tuple[Pattern, ...] = (
    Pattern(
        category="dependency_timeout",
        scope=("peer",),
        required=(HARM, CALLS_FAIL, CALLS_TIME_OUT),
        supporting=(TIMEOUTS_UP, PEER_DISTURBED, PEER_LOGS, NO_CHANGE),
        contradicting=(
            against(CHANGE_BEFORE, unless=PEER_DISTURBED),
            against(POOL_FULL, unless=PEER_DISTURBED),
            against(UNREACHABLE, unless=PEER_DISTURBED),
            against(PEER_CALM, unless=PEER_STUCK),
            # Slow calls that are all answered make nobody give up; what slows them may slow everything.
            against(CALLS_ANSWERED, unless=GAVE_UP),
        ),
        explains=("dependency_errors", "thread_exhaustion", "queue_backlog"),
        offers=("degrade",),
        next_steps=("diagnosis.next.peer_inside", "diagnosis.next.peer_owner"),
    ),
    Pattern(
        category="dependency_down",
        scope=("peer",),
        required=(HARM, CALLS_FAIL, PEER_GONE),
        supporting=(ERRORS_UP, UNREACHABLE, CIRCUITS_OPEN, PEER_CHANGED, NO_CHANGE),
        contradicting=(against(PEER_UP), against(CHANGE_BEFORE, unless=PEER_GONE), against(PACKETS_DENIED)),
        explains=("dependency_errors", "dependency_timeout", "thread_exhaustion", "queue_backlog", "crash_loop"),
        offers=("degrade",),
        next_steps=("diagnosis.next.peer_platform", "diagnosis.next.peer_owner"),
    ),
    Pattern(
        category="dependency_errors",
        scope=("peer",),
        required=(HARM, CALLS_FAIL, PEER_FAILS),
        supporting=(ERRORS_UP, PEER_LOGS, FAILS_FOR_OTHERS, CIRCUITS_OPEN, NO_CHANGE),
        contradicting=(
            against(IMPLICATED, unless=PEER_DISTURBED),
            against(POOL_FULL, unless=PEER_DISTURBED),
            against(PEER_CALM, unless=PEER_LOGS),
        ),
        explains=("queue_backlog",),
        offers=("degrade",),
        next_steps=("diagnosis.next.peer_inside", "diagnosis.next.peer_owner"),
    ),
    Pattern(
        category="retry_storm",
        by_change=True,
        floods=True,
        required=(RETRYING, PEER_FLOODED, HARM),
        supporting=(CALLS_FAIL, TIMEOUTS_UP, CIRCUITS_OPEN, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(TRAFFIC_UP),),
        explains=("dependency_errors", "dependency_timeout"),
        offers=("rate_limit", "configure"),
        next_steps=("diagnosis.next.stop_retries", "diagnosis.next.peer_inside"),
    ),
)
