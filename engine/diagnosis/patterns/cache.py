"""Lists what goes wrong with caches: a key too hot, no room left, and a crowd that goes past it."""

from engine.diagnosis.clues import Clue
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    CHANGE_BEFORE,
    HARM,
    IMPLICATED,
    LATENCY_UP,
    NO_CHANGE,
    TRAFFIC_UP,
    TROUBLE,
    at_limit,
    cried,
    down,
    logged,
    mentioned,
    up,
)

HOT_KEY = Clue(name="hot_key", any=(logged("hot_key"), mentioned("hot_key")))
NO_ROOM = Clue(name="no_room", any=(cried("cache_full"), up("evictions"), logged("cache_full")))
MISSES = Clue(name="misses", any=(down("cache_hit_ratio"), logged("cache_miss")))
LOAD_BEHIND = Clue(
    name="load_behind",
    any=(
        up("queries", "traffic", "cpu_use", "latency_p95", where="peer"),
        at_limit("cpu_use", where="peer"),
        up("queries", "latency_p95"),
    ),
)
CACHE_BUSY = Clue(name="cache_busy", any=(at_limit("cpu_use"), at_limit("cpu_use", where="peer"), up("evictions")))

CACHES: tuple[Pattern, ...] = (
    Pattern(
        category="cache_hot_key",
        required=(HARM, HOT_KEY),
        supporting=(LATENCY_UP, TRAFFIC_UP, CACHE_BUSY),
        explains=("cpu_saturation", "dependency_timeout"),
        offers=("rate_limit",),
        next_steps=("diagnosis.next.hot_key", "diagnosis.next.traffic_sources"),
    ),
    Pattern(
        category="cache_full",
        by_change=True,
        required=(TROUBLE, NO_ROOM),
        supporting=(MISSES, LATENCY_UP, CHANGE_BEFORE, IMPLICATED),
        explains=("cache_miss_storm", "slow_query", "dependency_errors", "dependency_timeout"),
        offers=("configure",),
        next_steps=("diagnosis.next.cache_policy",),
    ),
    Pattern(
        category="cache_miss_storm",
        by_change=True,
        floods=True,
        required=(MISSES, LOAD_BEHIND),
        supporting=(HARM, NO_CHANGE, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(TRAFFIC_UP),),
        explains=(
            "bad_release",
            "slow_query",
            "cpu_saturation",
            "db_pool_exhaustion",
            "deploy_db_regression",
            "dependency_timeout",
        ),
        offers=("rollback", "rate_limit"),
        next_steps=("diagnosis.next.cache_life", "diagnosis.next.diff_release"),
    ),
)
