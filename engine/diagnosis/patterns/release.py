"""Lists what people bring about: releases, switches, settings, schemas, and the rights a service is given."""

from engine.diagnosis.clues import Clue
from engine.diagnosis.patterns.pattern import Pattern, against
from engine.diagnosis.patterns.signs import (
    CERTIFICATE_EXPIRED,
    CHANGE_BEFORE,
    CLOCK_OFF,
    CODE_FAILS,
    ERRORS_UP,
    FAILS_FOR_OTHERS,
    HARM,
    IMPLICATED,
    LATENCY_UP,
    NEW_VERSION_FAILS,
    OLD_VERSION_FAILS,
    OTHER_CAUSE,
    OWN_FAILURES,
    OWN_SPANS,
    PEER_ANSWERS_BADLY,
    PEER_DISTURBED,
    POOL_FULL,
    POOL_LOGGED,
    POOL_NORMAL,
    RELEASE_BEFORE,
    RESTARTED,
    TRAFFIC_UP,
    TROUBLE,
    UNAVAILABLE_UP,
    changed,
    cried,
    logged,
    mentioned,
    said,
    up,
)

FLAG_BEFORE = Clue(name="flag_before", any=(changed("flag"),))
SETTING_BEFORE = Clue(name="setting_before", any=(changed("config"),))
FLAG_LOGGED = Clue(name="flag_logged", any=(logged("flag"), mentioned("flag")))
SETTING_LOGGED = Clue(name="setting_logged", any=(said("config"),))
SCHEMA_MISSED = Clue(name="schema_missed", any=(said("schema"),))
REFUSED = Clue(name="refused", any=(up("auth_failed_ratio"), cried("auth"), said("auth", where="self")))
REFUSED_OR_FAILING = Clue(name="trouble", vague=True, any=(up("auth_failed_ratio"), *TROUBLE.any))

ALL_COURSES = (
    "crash_loop",
    "cpu_saturation",
    "thread_exhaustion",
    "queue_backlog",
    "retry_storm",
    "service_down",
    "db_pool_exhaustion",
    "dependency_errors",
    "dependency_timeout",
)
"""What bad code or a bad setting can look like from outside."""

RELEASES: tuple[Pattern, ...] = (
    Pattern(
        category="deploy_db_regression",
        scope=("change",),
        required=(RELEASE_BEFORE, HARM, POOL_FULL),
        supporting=(UNAVAILABLE_UP, LATENCY_UP, POOL_LOGGED, OWN_SPANS, NEW_VERSION_FAILS),
        contradicting=(against(OLD_VERSION_FAILS), against(PEER_DISTURBED), against(POOL_NORMAL)),
        explains=("bad_release", *ALL_COURSES),
        offers=("rollback",),
        next_steps=("diagnosis.next.diff_release", "diagnosis.next.pool_holders"),
    ),
    Pattern(
        category="bad_release",
        scope=("change",),
        required=(RELEASE_BEFORE, TROUBLE, OWN_FAILURES),
        supporting=(ERRORS_UP, LATENCY_UP, IMPLICATED, CODE_FAILS, POOL_NORMAL),
        contradicting=(
            against(POOL_FULL),
            against(OLD_VERSION_FAILS),
            against(PEER_DISTURBED),
            against(TRAFFIC_UP, unless=IMPLICATED),
            against(OTHER_CAUSE, unless=IMPLICATED),
            against(PEER_ANSWERS_BADLY, unless=IMPLICATED),
            against(FAILS_FOR_OTHERS, unless=IMPLICATED),
        ),
        explains=ALL_COURSES,
        offers=("rollback",),
        next_steps=("diagnosis.next.diff_release",),
    ),
    Pattern(
        category="feature_flag",
        scope=("change",),
        required=(FLAG_BEFORE, TROUBLE, OWN_FAILURES),
        supporting=(ERRORS_UP, LATENCY_UP, FLAG_LOGGED, IMPLICATED, CODE_FAILS),
        contradicting=(
            against(PEER_DISTURBED, unless=IMPLICATED),
            against(TRAFFIC_UP, unless=IMPLICATED),
            against(OTHER_CAUSE, unless=IMPLICATED),
            against(PEER_ANSWERS_BADLY, unless=IMPLICATED),
            against(FAILS_FOR_OTHERS, unless=IMPLICATED),
        ),
        explains=("bad_release", "deploy_db_regression", "slow_query", "n_plus_one", "memory_leak", *ALL_COURSES),
        offers=("configure",),
        next_steps=("diagnosis.next.switch_off", "diagnosis.next.flag_users"),
    ),
    Pattern(
        category="bad_config",
        scope=("change",),
        required=(SETTING_BEFORE, TROUBLE, OWN_FAILURES),
        supporting=(ERRORS_UP, LATENCY_UP, SETTING_LOGGED, IMPLICATED, RESTARTED),
        contradicting=(
            against(PEER_DISTURBED, unless=IMPLICATED),
            against(TRAFFIC_UP, unless=IMPLICATED),
            against(OTHER_CAUSE, unless=IMPLICATED),
            against(PEER_ANSWERS_BADLY, unless=IMPLICATED),
            against(FAILS_FOR_OTHERS, unless=IMPLICATED),
        ),
        explains=("bad_release", "missing_config", "auth_failure", *ALL_COURSES),
        offers=("configure", "rollback"),
        next_steps=("diagnosis.next.compare_settings",),
    ),
    Pattern(
        category="missing_config",
        by_change=True,
        required=(TROUBLE, SETTING_LOGGED),
        supporting=(RESTARTED, ERRORS_UP, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(OTHER_CAUSE),),
        explains=("bad_release", "crash_loop", "service_down", "dependency_down"),
        offers=("configure", "rollback"),
        next_steps=("diagnosis.next.compare_settings",),
    ),
    Pattern(
        category="schema_drift",
        by_change=True,
        required=(TROUBLE, SCHEMA_MISSED),
        supporting=(ERRORS_UP, OWN_SPANS, CHANGE_BEFORE, IMPLICATED),
        contradicting=(against(OLD_VERSION_FAILS),),
        explains=("bad_release", "deploy_db_regression", *ALL_COURSES),
        offers=("rollback",),
        next_steps=("diagnosis.next.compare_schema", "diagnosis.next.diff_release"),
    ),
    Pattern(
        category="auth_failure",
        by_change=True,
        required=(REFUSED_OR_FAILING, REFUSED, Clue(name="refusal_logged", any=(said("auth"),))),
        supporting=(ERRORS_UP, CHANGE_BEFORE, IMPLICATED, SETTING_LOGGED),
        contradicting=(against(CERTIFICATE_EXPIRED), against(CLOCK_OFF)),
        explains=("bad_release", "dependency_errors", "dependency_down", "crash_loop"),
        offers=("configure", "rollback"),
        next_steps=("diagnosis.next.compare_credentials", "diagnosis.next.compare_settings"),
    ),
)
