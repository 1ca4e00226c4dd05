"""Lists what a process runs out of: memory, CPU, workers, descriptors; and what it looks like when it does."""

from engine.diagnosis.clues import Clue, Sign
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    AT_MOST_REPLICAS,
    CHANGE_BEFORE,
    CODE_FAILS,
    CPU_FULL,
    GC_BUSY,
    HARM,
    IMPLICATED,
    KILLED,
    LATENCY_UP,
    MEMORY_FULL,
    NO_CHANGE,
    OTHER_CAUSE,
    OWN_SPANS,
    PEER_DISTURBED,
    POOL_FULL,
    RESTARTED,
    TRAFFIC_UP,
    TROUBLE,
    UNAVAILABLE_UP,
    at_limit,
    cried,
    logged,
    steady,
    up,
)

MEMORY_RAN_OUT = Clue(
    name="memory_ran_out", any=(cried("memory"), up("oom_kills"), *KILLED.any, up("gc_time"), logged("gc"))
)
WORKERS_BUSY = Clue(name="workers_busy", any=(at_limit("thread_use"), up("thread_use"), cried("threads")))
DESCRIPTORS_GONE = Clue(name="descriptors_gone", any=(at_limit("descriptor_use"), cried("descriptors")))
CRASHING = Clue(name="crashing", any=(up("restarts"), cried("crash"), Sign(signals=("crash_loop",), where="own")))
LAST_WORDS = Clue(name="last_words", any=(cried("crash", "code", "config"),))

RESOURCES: tuple[Pattern, ...] = (
    Pattern(
        category="memory_leak",
        by_change=True,
        required=(TROUBLE, MEMORY_FULL, MEMORY_RAN_OUT),
        supporting=(GC_BUSY, LATENCY_UP, RESTARTED, KILLED, CHANGE_BEFORE),
        contradicting=(
            against(TRAFFIC_UP, unless=GC_BUSY),
            against(AT_MOST_REPLICAS),
            against(CPU_FULL, unless=GC_BUSY),
        ),
        explains=(
            "bad_release",
            "oom_kill",
            "gc_pressure",
            "crash_loop",
            "service_down",
            "cpu_saturation",
            "queue_backlog",
        ),
        offers=("restart", "rollback"),
        next_steps=("diagnosis.next.heap_dump", "diagnosis.next.diff_release"),
    ),
    Pattern(
        category="oom_kill",
        by_change=True,
        required=(TROUBLE, KILLED),
        supporting=(MEMORY_FULL, RESTARTED, TRAFFIC_UP, AT_MOST_REPLICAS, CPU_FULL, UNAVAILABLE_UP),
        explains=("crash_loop", "service_down", "bad_release", "queue_backlog"),
        offers=("scale", "configure"),
        next_steps=("diagnosis.next.memory_limit", "diagnosis.next.heap_dump"),
    ),
    Pattern(
        category="gc_pressure",
        by_change=True,
        required=(HARM, GC_BUSY),
        supporting=(LATENCY_UP, MEMORY_FULL, CPU_FULL, CHANGE_BEFORE),
        contradicting=(against(TRAFFIC_UP),),
        explains=("cpu_saturation", "thread_exhaustion", "bad_release"),
        offers=("restart", "configure"),
        next_steps=("diagnosis.next.gc_log", "diagnosis.next.heap_dump"),
    ),
    Pattern(
        category="cpu_saturation",
        by_change=True,
        required=(HARM, CPU_FULL),
        supporting=(LATENCY_UP, OWN_SPANS, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(PEER_DISTURBED), against(POOL_FULL)),
        explains=("thread_exhaustion", "queue_backlog"),
        offers=("scale", "rollback"),
        next_steps=("diagnosis.next.profile_cpu", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="thread_exhaustion",
        by_change=True,
        required=(HARM, WORKERS_BUSY),
        supporting=(LATENCY_UP, UNAVAILABLE_UP, CHANGE_BEFORE),
        contradicting=(against(PEER_DISTURBED), against(POOL_FULL)),
        explains=("queue_backlog",),
        offers=("scale", "restart"),
        next_steps=("diagnosis.next.thread_dump",),
    ),
    Pattern(
        category="descriptor_exhaustion",
        by_change=True,
        required=(TROUBLE, DESCRIPTORS_GONE),
        supporting=(LATENCY_UP, CHANGE_BEFORE),
        contradicting=(against(steady("descriptor_use")),),
        explains=("thread_exhaustion", "dependency_errors", "bad_release", "dependency_down"),
        offers=("restart", "configure"),
        next_steps=("diagnosis.next.open_files",),
    ),
    Pattern(
        category="crash_loop",
        by_change=True,
        required=(TROUBLE, CRASHING, LAST_WORDS),
        supporting=(CODE_FAILS, UNAVAILABLE_UP, CHANGE_BEFORE, NO_CHANGE),
        contradicting=(against(KILLED), against(OTHER_CAUSE)),
        explains=("service_down",),
        offers=("rollback",),
        next_steps=("diagnosis.next.last_words", "diagnosis.next.platform_events"),
    ),
)
