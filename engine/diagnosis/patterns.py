"""Lists the fault patterns: what each requires, what supports it, what speaks against it, and what to look at next."""

from engine.diagnosis.clues import Clue, Sign
from engine.model import Value

ERRORS = ("error_ratio", "unavailable_ratio", "timeout_ratio")
LOGS = ("new_error_log", "surging_error_log")
SPANS = ("error_span", "slow_span")


class Pattern(Value):
    """A kind of fault, as data. All `required` clues must show; each contradiction must be answered by its `unless`.

    `scope`: what has to be bound before the pattern can be tried: a change of the service, one of its peers, nothing.
    `base` is the confidence with every required clue and no support; `next_steps` are words of the language files.
    """

    category: str
    scope: tuple[str, ...] = ()
    base: float = 0.8
    required: tuple[Clue, ...]
    supporting: tuple[Clue, ...] = ()
    contradicting: tuple[Clue, ...] = ()
    next_steps: tuple[str, ...] = ()


CHANGE_BEFORE = Clue(name="change_before", any=(Sign(signals=("change",), state="before_onset"),))
NO_CHANGE = Clue(name="no_change", any=(Sign(signals=("change",), state="none_before_onset"),))
HARM = Clue(
    name="harm",
    any=(
        Sign(signals=ERRORS, state="up"),
        Sign(signals=("latency_p95",), state="up"),
        Sign(signals=("availability",), state="down"),
    ),
)
ERRORS_UP = Clue(name="errors_up", any=(Sign(signals=ERRORS, state="up"),))
UNAVAILABLE_UP = Clue(name="unavailable_up", any=(Sign(signals=("unavailable_ratio",), state="up"),))
TIMEOUTS_UP = Clue(name="timeouts_up", any=(Sign(signals=("timeout_ratio",), state="up"),))
LATENCY_UP = Clue(name="latency_up", any=(Sign(signals=("latency_p95",), state="up"),))
TRAFFIC_UP = Clue(name="traffic_up", any=(Sign(signals=("traffic",), state="up"),))
TRAFFIC_DOWN = Clue(name="traffic_down", any=(Sign(signals=("traffic",), state="down"),))
LIMITED_UP = Clue(name="limited_up", any=(Sign(signals=("limited_ratio",), state="up"),))
LIMIT_LOGGED = Clue(name="limit_logged", any=(Sign(signals=LOGS, where="own", topics=("limited",)),))
ERRORS_NORMAL = Clue(name="errors_normal", any=(Sign(signals=ERRORS, state="normal"),))
POOL_FULL = Clue(
    name="pool_full",
    any=(
        Sign(signals=("pool_use", "pool_wait"), state="up"),
        Sign(signals=(*LOGS, *SPANS), where="own", topics=("pool",)),
    ),
)
POOL_LOGGED = Clue(name="pool_logged", any=(Sign(signals=LOGS, where="own", topics=("pool",)),))
POOL_NORMAL = Clue(name="pool_normal", any=(Sign(signals=("pool_use", "pool_wait"), state="normal"),))
OWN_SPANS = Clue(
    name="own_spans",
    any=(Sign(signals=SPANS), Sign(signals=SPANS, where="own", topics=("pool",))),
)
OWN_FAILURES = Clue(name="own_failures", any=(Sign(signals=LOGS), Sign(signals=SPANS)))
NEW_VERSION_FAILS = Clue(
    name="new_version_fails", any=(Sign(signals=(*ERRORS, *LOGS), where="own", state="new_version"),)
)
OLD_VERSION_FAILS = Clue(
    name="old_version_fails", any=(Sign(signals=(*ERRORS, *LOGS), where="own", state="other_version"),)
)
PEER_DISTURBED = Clue(
    name="peer_disturbed",
    any=(
        Sign(signals=(*ERRORS, "latency_p95"), where="peer", state="up"),
        Sign(signals=("availability",), where="peer", state="down"),
        Sign(signals=(*SPANS, "state"), where="peer"),
    ),
)
PEER_LOGS = Clue(name="peer_logs", any=(Sign(signals=LOGS, where="peer"),))
PEER_CALM = Clue(name="peer_calm", any=(Sign(signals=("latency_p95", *ERRORS), where="peer", state="normal"),))
# A stuck neighbour finishes nothing, so the latency of what it did finish stays as it was.
PEER_STUCK = Clue(
    name="peer_stuck",
    any=(*PEER_DISTURBED.any, *PEER_LOGS.any, Sign(signals=("slow_span",), where="to_peer")),
)
PEER_CHANGED = Clue(name="peer_changed", any=(Sign(signals=("change",), where="peer"),))
CALLS_FAIL = Clue(
    name="calls_fail",
    any=(
        Sign(signals=("dependency_error_ratio",), where="to_peer", state="up"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer"),
    ),
)
CALLS_TIME_OUT = Clue(
    name="calls_time_out",
    any=(
        Sign(signals=("latency_p95",), where="peer", state="up"),
        Sign(signals=("slow_span",), where="peer"),
        Sign(signals=("slow_span",), where="to_peer"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("timeout",)),
    ),
)
PEER_GONE = Clue(
    name="peer_gone",
    any=(
        Sign(signals=("availability",), where="peer", state="down"),
        Sign(signals=("state",), where="peer"),
        Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("unreachable",)),
    ),
)
PEER_UP = Clue(name="peer_up", any=(Sign(signals=("availability",), where="peer", state="normal"),))
UNREACHABLE = Clue(name="unreachable", any=(Sign(signals=(*LOGS, *SPANS), where="to_peer", topics=("unreachable",)),))
DOWN = Clue(name="down", any=(Sign(signals=("availability",), state="down"), Sign(signals=("state",))))


def _against(clue: Clue, unless: Clue | None = None) -> Clue:
    return clue.model_copy(update={"unless": unless})


PATTERNS: tuple[Pattern, ...] = (
    Pattern(
        category="deploy_db_regression",
        scope=("change",),
        required=(CHANGE_BEFORE, HARM, POOL_FULL),
        supporting=(UNAVAILABLE_UP, LATENCY_UP, POOL_LOGGED, OWN_SPANS, NEW_VERSION_FAILS),
        contradicting=(_against(OLD_VERSION_FAILS), _against(PEER_DISTURBED), _against(POOL_NORMAL)),
        next_steps=("diagnosis.next.roll_back", "diagnosis.next.diff_release", "diagnosis.next.pool_holders"),
    ),
    Pattern(
        category="bad_release",
        scope=("change",),
        required=(CHANGE_BEFORE, HARM, OWN_FAILURES),
        supporting=(ERRORS_UP, LATENCY_UP, NEW_VERSION_FAILS, POOL_NORMAL),
        contradicting=(
            _against(POOL_FULL),
            _against(OLD_VERSION_FAILS),
            _against(PEER_DISTURBED),
            _against(TRAFFIC_UP, unless=NEW_VERSION_FAILS),
        ),
        next_steps=("diagnosis.next.roll_back", "diagnosis.next.diff_release"),
    ),
    Pattern(
        category="db_pool_exhaustion",
        required=(HARM, POOL_FULL, NO_CHANGE),
        supporting=(UNAVAILABLE_UP, LATENCY_UP, POOL_LOGGED, OWN_SPANS),
        contradicting=(_against(CHANGE_BEFORE), _against(PEER_DISTURBED), _against(POOL_NORMAL)),
        next_steps=("diagnosis.next.pool_holders", "diagnosis.next.slow_queries", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="dependency_timeout",
        scope=("peer",),
        required=(HARM, CALLS_FAIL, CALLS_TIME_OUT),
        supporting=(TIMEOUTS_UP, PEER_DISTURBED, PEER_LOGS, NO_CHANGE),
        contradicting=(
            _against(CHANGE_BEFORE, unless=PEER_DISTURBED),
            _against(POOL_FULL, unless=PEER_DISTURBED),
            _against(UNREACHABLE, unless=PEER_DISTURBED),
            _against(PEER_CALM, unless=PEER_STUCK),
        ),
        next_steps=("diagnosis.next.degrade_peer", "diagnosis.next.peer_inside", "diagnosis.next.peer_owner"),
    ),
    Pattern(
        category="dependency_down",
        scope=("peer",),
        required=(HARM, CALLS_FAIL, PEER_GONE),
        supporting=(ERRORS_UP, UNREACHABLE, PEER_CHANGED, NO_CHANGE),
        contradicting=(_against(PEER_UP), _against(CHANGE_BEFORE, unless=PEER_GONE)),
        next_steps=("diagnosis.next.peer_platform", "diagnosis.next.degrade_peer", "diagnosis.next.peer_owner"),
    ),
    Pattern(
        category="rate_limited",
        required=(LIMITED_UP, Clue(name="limit_reached", any=(*TRAFFIC_UP.any, *LIMIT_LOGGED.any))),
        supporting=(TRAFFIC_UP, LIMIT_LOGGED, ERRORS_NORMAL, NO_CHANGE),
        contradicting=(_against(ERRORS_UP), _against(CHANGE_BEFORE, unless=TRAFFIC_UP)),
        next_steps=("diagnosis.next.limit_headroom", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="traffic_surge",
        required=(TRAFFIC_UP, HARM, NO_CHANGE),
        supporting=(LATENCY_UP, ERRORS_UP, POOL_FULL, OWN_FAILURES),
        contradicting=(_against(CHANGE_BEFORE), _against(PEER_DISTURBED), _against(LIMITED_UP)),
        next_steps=("diagnosis.next.traffic_sources", "diagnosis.next.capacity"),
    ),
    Pattern(
        category="service_down",
        required=(DOWN, Clue(name="not_serving", any=(*TRAFFIC_DOWN.any, *HARM.any)), NO_CHANGE),
        supporting=(TRAFFIC_DOWN, ERRORS_UP, OWN_FAILURES),
        contradicting=(_against(CHANGE_BEFORE),),
        next_steps=("diagnosis.next.platform_events", "diagnosis.next.last_words"),
    ),
)
