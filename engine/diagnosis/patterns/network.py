"""Lists what goes wrong on the way between services: names, rules, the line itself, certificates, clocks."""

from engine.diagnosis.clues import Clue, Sign
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    CALLS_FAIL,
    CERTIFICATE_EXPIRED,
    CHANGE_BEFORE,
    CIRCUITS_OPEN,
    CLOCK_OFF,
    DOWN,
    ERRORS_UP,
    HARM,
    NAMES_FAIL,
    NO_CHANGE,
    NODE_LOST,
    NODES,
    OWN_FAILURES,
    PACKETS_DENIED,
    PEER_DISTURBED,
    RESTARTED,
    TIMEOUTS_UP,
    TRAFFIC_DOWN,
    TROUBLE,
    down,
    logged,
    mentioned,
    said,
    steady,
    up,
)

LINE_BREAKS = Clue(name="line_breaks", any=(up("network_errors"), said("network")))
HANDSHAKES_FAIL = Clue(name="handshakes_fail", any=(up("tls_errors"), said("certificate")))
FELT = Clue(
    name="trouble",
    vague=True,
    any=(*TROUBLE.any, up("dependency_error_ratio", where="own"), up("tls_errors"), down("traffic")),
)
PLATFORM_CHANGED = Clue(name="platform_changed", any=(mentioned("node"), logged("node")))
REFUSED_BY_TIME = Clue(name="refused_by_time", any=(said("clock", "auth", "certificate"), up("auth_failed_ratio")))
UNHEALTHY = Clue(
    name="unhealthy", vague=True, any=(*DOWN.any, *HARM.any, *RESTARTED.any, Sign(signals=NODES, where="own"))
)

NETWORKS: tuple[Pattern, ...] = (
    Pattern(
        category="network_policy",
        required=(FELT, PACKETS_DENIED),
        supporting=(NAMES_FAIL, CALLS_FAIL, CIRCUITS_OPEN, TIMEOUTS_UP),
        contradicting=(against(steady("network_denials")),),
        explains=(
            "dns_failure",
            "dependency_down",
            "dependency_timeout",
            "dependency_errors",
            "network_fault",
            "bad_release",
        ),
        offers=("configure",),
        next_steps=("diagnosis.next.policy_rules",),
    ),
    Pattern(
        category="dns_failure",
        required=(FELT, NAMES_FAIL, Clue(name="look_ups_fail", any=(said("dns"), up("dns_error_ratio")))),
        supporting=(CALLS_FAIL, CIRCUITS_OPEN, ERRORS_UP, NO_CHANGE),
        contradicting=(
            against(steady("dns_error_ratio")),
            against(PACKETS_DENIED),
        ),
        explains=("dependency_timeout", "dependency_errors", "bad_release"),
        next_steps=("diagnosis.next.resolver", "diagnosis.next.policy_rules"),
    ),
    Pattern(
        category="network_fault",
        required=(FELT, LINE_BREAKS),
        supporting=(CALLS_FAIL, TIMEOUTS_UP, NO_CHANGE),
        contradicting=(against(PEER_DISTURBED), against(NAMES_FAIL), against(PACKETS_DENIED), against(CHANGE_BEFORE)),
        explains=("dependency_timeout", "dependency_errors"),
        next_steps=("diagnosis.next.path", "diagnosis.next.peer_platform"),
    ),
    Pattern(
        category="certificate_expiry",
        required=(FELT, CERTIFICATE_EXPIRED),
        supporting=(HANDSHAKES_FAIL, ERRORS_UP, TRAFFIC_DOWN, NO_CHANGE),
        contradicting=(against(CLOCK_OFF),),
        explains=(
            "tls_misconfiguration",
            "dependency_errors",
            "dependency_down",
            "auth_failure",
            "bad_release",
            "network_fault",
        ),
        offers=("configure",),
        next_steps=("diagnosis.next.renew_certificate",),
    ),
    Pattern(
        category="tls_misconfiguration",
        by_change=True,
        required=(FELT, HANDSHAKES_FAIL, Clue(name="tls_logged", any=(said("certificate"),))),
        supporting=(CHANGE_BEFORE, ERRORS_UP, TRAFFIC_DOWN),
        contradicting=(against(CERTIFICATE_EXPIRED), against(CLOCK_OFF)),
        explains=("dependency_errors", "dependency_down", "bad_release"),
        offers=("configure", "rollback"),
        next_steps=("diagnosis.next.presented_certificate",),
    ),
    Pattern(
        category="clock_skew",
        required=(TROUBLE, CLOCK_OFF, REFUSED_BY_TIME),
        supporting=(ERRORS_UP, NO_CHANGE),
        contradicting=(against(steady("clock_offset")),),
        explains=("auth_failure", "tls_misconfiguration", "bad_release"),
        next_steps=("diagnosis.next.clocks",),
    ),
    Pattern(
        category="node_failure",
        required=(NODE_LOST, UNHEALTHY),
        supporting=(RESTARTED, TRAFFIC_DOWN, NO_CHANGE),
        explains=("service_down", "crash_loop", "dependency_down", "bad_release"),
        offers=("scale",),
        next_steps=("diagnosis.next.node", "diagnosis.next.platform_events"),
    ),
    Pattern(
        category="service_down",
        required=(DOWN, Clue(name="not_serving", vague=True, any=(*TRAFFIC_DOWN.any, *HARM.any)), NO_CHANGE),
        supporting=(TRAFFIC_DOWN, ERRORS_UP, OWN_FAILURES),
        contradicting=(against(CHANGE_BEFORE),),
        next_steps=("diagnosis.next.platform_events", "diagnosis.next.last_words"),
    ),
)
