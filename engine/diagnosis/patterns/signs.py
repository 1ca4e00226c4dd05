"""Lists the clues that several patterns share, and the short forms in which signs are written."""

from engine.diagnosis.clues import Clue, Sign, Where

ERRORS = ("error_ratio", "unavailable_ratio", "timeout_ratio")
LOGS = ("new_error_log", "surging_error_log")
SPANS = ("error_span", "slow_span")
MENTION = ("log_mention",)


def up(*signals: str, where: Where = "self") -> Sign:
    """Series that rose."""
    return Sign(signals=signals, where=where, state="up")


def down(*signals: str, where: Where = "self") -> Sign:
    """Series that fell."""
    return Sign(signals=signals, where=where, state="down")


def at_limit(*signals: str, where: Where = "self") -> Sign:
    """Series at a level that is trouble by itself."""
    return Sign(signals=signals, where=where, state="used_up")


def normal(*signals: str, where: Where = "self") -> Sign:
    """Measured, and as usual."""
    return Sign(signals=signals, where=where, state="normal")


def steady(*signals: str) -> Clue:
    """That what the fault would move is measured, and does not move."""
    return Clue(name="steady", any=(normal(*signals),))


def logged(*topics: str, where: Where = "own") -> Sign:
    """New or surging lines about one of these, as errors or as many warnings."""
    return Sign(signals=LOGS, where=where, topics=topics)


def cried(*topics: str, where: Where = "own") -> Sign:
    """The same, said as an error."""
    return Sign(signals=LOGS, where=where, topics=topics, loud=True)


def said(*topics: str, where: Where = "own") -> Sign:
    """Said as an error in the log, or by a failing or slow span."""
    return Sign(signals=(*LOGS, *SPANS), where=where, topics=topics, loud=True)


def mentioned(*topics: str, where: Where = "own") -> Sign:
    """Said at all, never before: once is enough to be worth citing, and too little to be unusual."""
    return Sign(signals=MENTION, where=where, state="told", topics=topics)


def changed(*families: str) -> Sign:
    """The change under suspicion, where it is of one of these families."""
    return Sign.model_validate({"signals": ("change",), "state": "before_onset", "families": families})


CHANGE_BEFORE = Clue(name="change_before", any=(changed(),))
RELEASE_BEFORE = Clue(name="change_before", any=(changed("release", "schema", "certificate", "platform"),))
NO_CHANGE = Clue(name="no_change", any=(Sign(signals=("change",), state="none_before_onset"),))
HARM = Clue(name="harm", vague=True, any=(up(*ERRORS), up("latency_p95"), down("availability")))
STOPPED = ("oom_killed", "crash_loop", "container_not_started", "port_in_use")
NODES = ("node_not_ready", "node_component_stopped", "node_network_unavailable", "container_runtime_failed")
CUT_OFF = ("network_policy_blocks",)
"""What is found in the state of a cluster, by what it means for others."""

TROUBLE = Clue(
    name="trouble",
    vague=True,
    any=(
        *HARM.any,
        up("restarts", "oom_kills", "auth_failed_ratio", "backlog"),
        Sign(signals=("state", *STOPPED, *NODES, *CUT_OFF)),
    ),
)
"""What users feel, or what they will feel at once: also where nobody counts requests."""

ERRORS_UP = Clue(name="errors_up", vague=True, any=(up(*ERRORS),))
UNAVAILABLE_UP = Clue(name="unavailable_up", vague=True, any=(up("unavailable_ratio"),))
TIMEOUTS_UP = Clue(name="timeouts_up", vague=True, any=(up("timeout_ratio"),))
LATENCY_UP = Clue(name="latency_up", vague=True, any=(up("latency_p95"),))
TRAFFIC_UP = Clue(name="traffic_up", any=(up("traffic"),))
TRAFFIC_DOWN = Clue(name="traffic_down", vague=True, any=(down("traffic"),))
LIMITED_UP = Clue(name="limited_up", any=(up("limited_ratio"),))
LIMIT_LOGGED = Clue(name="limit_logged", any=(logged("limited"),))
ERRORS_NORMAL = Clue(name="errors_normal", any=(normal(*ERRORS),))
RESTARTED = Clue(name="restarted", any=(up("restarts"), logged("crash"), Sign(signals=("state",))))
CIRCUITS_OPEN = Clue(name="circuits_open", any=(up("open_circuits"), logged("circuit")))

POOL_FULL = Clue(
    name="pool_full",
    any=(up("pool_use", "pool_wait"), Sign(signals=(*LOGS, *SPANS), where="own", topics=("pool",))),
)
POOL_LOGGED = Clue(name="pool_logged", any=(logged("pool"),))
POOL_NORMAL = Clue(name="pool_normal", any=(normal("pool_use", "pool_wait"),))
OWN_SPANS = Clue(
    name="own_spans",
    vague=True,
    any=(Sign(signals=(*SPANS, "way")), Sign(signals=SPANS, where="own", topics=("pool",))),
)
OWN_FAILURES = Clue(name="own_failures", any=(Sign(signals=LOGS), Sign(signals=SPANS)))
CODE_FAILS = Clue(name="code_fails", any=(said("code", where="self"),))

NEW_VERSION_FAILS = Clue(
    name="new_version_fails", any=(Sign(signals=(*ERRORS, *LOGS), where="own", state="new_version"),)
)
OLD_VERSION_FAILS = Clue(
    name="old_version_fails", any=(Sign(signals=(*ERRORS, *LOGS), where="own", state="other_version"),)
)
IMPLICATED = Clue(name="implicated", any=(*NEW_VERSION_FAILS.any, Sign(signals=("change",), state="implicated")))

PEER_DISTURBED = Clue(
    name="peer_disturbed",
    any=(
        up(*ERRORS, "latency_p95", where="peer"),
        down("availability", where="peer"),
        Sign(signals=(*SPANS, "state", "health_check"), where="peer"),
    ),
)
PEER_LOGS = Clue(name="peer_logs", any=(Sign(signals=LOGS, where="peer"),))
PEER_CALM = Clue(name="peer_calm", any=(normal("latency_p95", *ERRORS, where="peer"),))
PEER_CHANGED = Clue(name="peer_changed", any=(Sign(signals=("change",), where="peer"),))
CALLS_FAIL = Clue(
    name="calls_fail",
    any=(up("dependency_error_ratio", where="to_peer"), Sign(signals=(*LOGS, *SPANS), where="to_peer")),
)
FAILS_FOR_OTHERS = Clue(
    name="fails_for_others",
    any=(Sign(signals=(*LOGS, *SPANS), where="others", topics=("peer_failed", "timeout", "unreachable", "limited")),),
)
PEER_ANSWERS_BADLY = Clue(name="peer_answers_badly", any=(said("peer_failed", where="to_peer"),))
PEER_UP = Clue(name="peer_up", any=(normal("availability", where="peer"),))
DOWN = Clue(name="down", any=(down("availability"), Sign(signals=("state",))))

MEMORY_FULL = Clue(
    name="memory_full",
    any=(up("memory_use", "heap_use"), at_limit("memory_use", "heap_use"), logged("memory_growth", "memory")),
)
GC_BUSY = Clue(name="gc_busy", any=(up("gc_time"), logged("gc"), mentioned("gc")))
CPU_FULL = Clue(name="cpu_full", any=(at_limit("cpu_use"), up("cpu_use", "cpu_throttled_ratio"), logged("cpu")))
AT_MOST_REPLICAS = Clue(name="at_most_replicas", any=(at_limit("autoscaler_use"),))
KILLED = Clue(
    name="killed",
    any=(
        up("oom_kills"),
        cried("oom_kill"),
        Sign(signals=("state",), topics=("oom_kill",)),
        Sign(signals=("oom_killed",), where="own"),
    ),
)

CERTIFICATE_EXPIRED = Clue(
    name="certificate_expired",
    any=(at_limit("cert_expiry"), said("expired_certificate"), Sign(signals=("certificate_expired",), where="own")),
)
NAMES_FAIL = Clue(
    name="names_fail", any=(up("dns_error_ratio"), said("dns"), Sign(signals=("dns_failing",), where="own"))
)
PACKETS_DENIED = Clue(
    name="packets_denied", any=(up("network_denials"), cried("denied"), Sign(signals=CUT_OFF, where="own"))
)
DISK_FULL = Clue(name="disk_full", any=(at_limit("disk_use"), said("disk_full")))
WRITES_REFUSED = Clue(name="writes_refused", any=(said("read_only"),))
NODE_LOST = Clue(
    name="node_lost",
    any=(
        down("node_ready"),
        cried("node"),
        Sign(signals=("state",), topics=("node",)),
        Sign(signals=NODES, where="own"),
    ),
)
CLOCK_OFF = Clue(name="clock_off", any=(at_limit("clock_offset"), up("clock_offset"), said("clock")))

OTHER_CAUSE = Clue(
    name="other_cause",
    any=(
        *CERTIFICATE_EXPIRED.any,
        *DISK_FULL.any,
        *WRITES_REFUSED.any,
        *NAMES_FAIL.any,
        *PACKETS_DENIED.any,
        *NODE_LOST.any,
        *CLOCK_OFF.any,
    ),
)
"""What no release brings about by itself: it happens to a service, whatever was released before."""
