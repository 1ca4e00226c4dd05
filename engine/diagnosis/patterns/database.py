"""Lists what goes wrong between a service and its database, and inside it."""

from engine.diagnosis.clues import Clue, Sign
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    CHANGE_BEFORE,
    DISK_FULL,
    ERRORS_NORMAL,
    ERRORS_UP,
    HARM,
    IMPLICATED,
    LATENCY_UP,
    NO_CHANGE,
    OWN_SPANS,
    PEER_DISTURBED,
    POOL_FULL,
    POOL_LOGGED,
    POOL_NORMAL,
    TROUBLE,
    UNAVAILABLE_UP,
    WRITES_REFUSED,
    at_limit,
    cried,
    logged,
    mentioned,
    said,
    steady,
    up,
)

QUERIES_SLOW = Clue(
    name="queries_slow",
    any=(
        up("query_time", "slow_queries"),
        logged("slow_query"),
        said("slow_query"),
        mentioned("slow_query"),
    ),
)
MANY_QUERIES = Clue(
    name="many_queries", any=(up("queries_per_request"), logged("many_queries"), mentioned("many_queries"))
)
MORE_QUERIES = Clue(name="more_queries", any=(up("queries"), up("queries", "traffic", where="peer")))
DATABASE_BUSY = Clue(
    name="database_busy",
    any=(at_limit("cpu_use", where="peer"), up("cpu_use", where="peer"), at_limit("cpu_use"), up("transaction_age")),
)
LOCKED = Clue(name="locked", any=(up("deadlocks", "lock_waits"), cried("lock")))
LOCK_SPANS = Clue(name="lock_spans", any=(Sign(signals=("error_span", "slow_span"), where="own", topics=("lock",)),))
LOCKS_WAITED_FOR = Clue(
    name="locks_waited_for",
    any=(
        up("deadlocks", "lock_waits", "transaction_age"),
        Sign(signals=("slow_span",), where="own", topics=("lock",)),
    ),
)
LONG_TRANSACTIONS = Clue(name="long_transactions", any=(up("transaction_age", "pool_wait"),))
REPLICA_BEHIND = Clue(name="replica_behind", any=(up("replication_lag"), logged("replication")))

DATABASES: tuple[Pattern, ...] = (
    Pattern(
        category="n_plus_one",
        by_change=True,
        floods=True,
        required=(HARM, MANY_QUERIES),
        supporting=(LATENCY_UP, POOL_FULL, MORE_QUERIES, OWN_SPANS, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(steady("queries_per_request")),),
        explains=(
            "bad_release",
            "deploy_db_regression",
            "slow_query",
            "lock_contention",
            "db_pool_exhaustion",
            "cpu_saturation",
            "thread_exhaustion",
            "queue_backlog",
        ),
        offers=("rollback",),
        next_steps=("diagnosis.next.count_queries", "diagnosis.next.diff_release"),
    ),
    Pattern(
        category="slow_query",
        by_change=True,
        required=(HARM, QUERIES_SLOW),
        supporting=(LATENCY_UP, POOL_FULL, DATABASE_BUSY, MORE_QUERIES, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(DISK_FULL),),
        explains=(
            "bad_release",
            "deploy_db_regression",
            "lock_contention",
            "db_pool_exhaustion",
            "cpu_saturation",
            "thread_exhaustion",
            "queue_backlog",
            "dependency_timeout",
        ),
        offers=("rollback",),
        next_steps=("diagnosis.next.explain_query", "diagnosis.next.slow_queries", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="lock_contention",
        by_change=True,
        required=(HARM, LOCKED),
        supporting=(LATENCY_UP, LOCK_SPANS, LONG_TRANSACTIONS, POOL_FULL, CHANGE_BEFORE),
        # Who loses a deadlock fails at once: where failures are as usual, a few slow nobody down.
        contradicting=(
            against(steady("lock_waits", "deadlocks")),
            against(DISK_FULL),
            against(ERRORS_NORMAL, unless=LOCKS_WAITED_FOR),
        ),
        explains=("bad_release", "db_pool_exhaustion", "thread_exhaustion", "queue_backlog", "dependency_timeout"),
        next_steps=("diagnosis.next.lock_holders", "diagnosis.next.slow_queries"),
    ),
    Pattern(
        category="db_pool_exhaustion",
        required=(HARM, POOL_FULL, NO_CHANGE),
        supporting=(UNAVAILABLE_UP, LATENCY_UP, POOL_LOGGED, OWN_SPANS),
        contradicting=(against(CHANGE_BEFORE), against(PEER_DISTURBED), against(POOL_NORMAL)),
        explains=("thread_exhaustion", "queue_backlog"),
        offers=("restart",),
        next_steps=("diagnosis.next.pool_holders", "diagnosis.next.slow_queries", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="db_read_only",
        required=(TROUBLE, WRITES_REFUSED),
        supporting=(ERRORS_UP, OWN_SPANS, REPLICA_BEHIND),
        contradicting=(against(DISK_FULL),),
        explains=("dependency_errors", "queue_backlog"),
        next_steps=("diagnosis.next.database_role",),
    ),
    Pattern(
        category="replication_lag",
        required=(REPLICA_BEHIND, Clue(name="stale", vague=True, any=(*TROUBLE.any, logged("replication")))),
        supporting=(DATABASE_BUSY, NO_CHANGE),
        contradicting=(against(steady("replication_lag")),),
        next_steps=("diagnosis.next.replica_reads", "diagnosis.next.slow_queries"),
    ),
    Pattern(
        category="disk_full",
        required=(DISK_FULL, Clue(name="trouble", vague=True, any=(*TROUBLE.any, cried("disk_full")))),
        supporting=(ERRORS_UP, WRITES_REFUSED, NO_CHANGE),
        explains=("db_read_only", "dependency_errors", "service_down", "crash_loop", "queue_backlog", "slow_query"),
        offers=("configure",),
        next_steps=("diagnosis.next.free_disk",),
    ),
)
