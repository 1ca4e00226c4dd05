"""Stages one incident per fault pattern: what shows, and which part of it each required clue rests on."""

from collections.abc import Callable
from dataclasses import dataclass, field

from engine.model import Change, Evidence
from tests.engine.diagnosis.scenes import Scene

Part = Callable[[Scene], Scene]
Holds = Callable[[Evidence], bool]


@dataclass(frozen=True)
class Fault:
    """A fault: its category, what is staged on top of a healthy service, and whose absence leaves it unproven."""

    category: str
    shows: tuple[Part, ...]
    but: tuple[str, ...] = ()
    decisive: tuple[Holds, ...] = ()
    peer: str = ""
    change: str = ""
    service: str = "till"
    quiet: tuple[str, ...] = field(default=())
    """Services of which nobody says that nothing was changed."""

    def scene(self, **more: int | float) -> Scene:
        """The incident, staged."""
        scene = Scene(**more)  # type: ignore[arg-type]
        scene.healthy(but=self.but)
        for part in self.shows:
            part(scene)
        if not self.change:
            scene.changes()
        return scene.changes(service="vouchers")


def series(role: str, usual: float, faulty: float, **more: str) -> Part:
    return lambda scene: scene.series(role, usual, faulty, **more)


def log(message: str, times: int = 25, service: str = "", level: str = "error", version: str = "v1") -> Part:
    return lambda scene: scene.says(message, times, service=service, level=level, version=version)


def change(kind: str, version: str, previous: str = "", **more: str) -> Part:
    def told(scene: Scene) -> Scene:
        at = scene.moment(scene.fault - 6)
        known = {"id": f"chg-{version}", "service": scene.service, "kind": kind, "at": at}
        return scene.changes(Change(**known, version=version, previous_version=previous, **more))  # type: ignore[arg-type]

    return told


def of(*signals: str) -> Holds:
    """Evidence of these signals."""
    return lambda each: each.signal in signals


def about(*topics: str) -> Holds:
    """Evidence whose text is about one of these."""
    return lambda each: bool(set(topics) & set(each.details.get("topics", ())))


def changes(each: Evidence) -> bool:
    return each.kind == "change"


def harm(each: Evidence) -> bool:
    """Evidence of what users of the service feel."""
    felt = ("error_ratio", "unavailable_ratio", "latency_p95", "timeout_ratio", "availability", "restarts")
    return each.service == "till" and each.signal in felt


ERRORS = series("error_ratio", 0.002, 0.3)
SLOW = series("latency_p95", 0.04, 2.0)
BOTH = ("error_ratio", "latency_p95")

FAULTS: tuple[Fault, ...] = (
    Fault(
        "feature_flag",
        (ERRORS, log("cannot price basket {n}: rule engine failed"), change("flag", "new_pricing")),
        but=("error_ratio",),
        decisive=(changes, harm, of("new_error_log")),
        change="new_pricing",
    ),
    Fault(
        "bad_config",
        (
            ERRORS,
            log("invalid config value for key currency in request {n}"),
            change("config", "settings-41", "settings-40"),
        ),
        but=("error_ratio",),
        decisive=(changes, harm),
        change="settings-41",
    ),
    Fault(
        "missing_config",
        (ERRORS, log("environment variable TAX_URL is not set (request {n})")),
        but=("error_ratio",),
        decisive=(about("config"), harm),
    ),
    Fault(
        "schema_drift",
        (ERRORS, log('ERROR: column "price_old" does not exist at character {n}')),
        but=("error_ratio",),
        decisive=(about("schema"), harm),
    ),
    Fault(
        "auth_failure",
        (
            series("auth_failed_ratio", 0.0, 0.6),
            ERRORS,
            log("JWT token validation failed: audience mismatch, request {n}"),
        ),
        but=("error_ratio",),
        decisive=(about("auth"),),
    ),
    Fault(
        "n_plus_one",
        (
            SLOW,
            series("queries_per_request", 3.0, 340.0),
            log("{n} SQL queries executed for single GET /items request", 8, level="warn"),
        ),
        but=("latency_p95",),
        decisive=(harm, lambda e: about("many_queries")(e) or of("queries_per_request")(e)),
    ),
    Fault(
        "slow_query",
        (SLOW, series("query_time", 0.01, 1.2), log("slow query: SELECT * FROM orders took {n} ms", 20, level="warn")),
        but=("latency_p95",),
        decisive=(harm, lambda e: about("slow_query")(e) or of("query_time")(e)),
    ),
    Fault(
        "lock_contention",
        (
            SLOW,
            ERRORS,
            series("deadlocks", 0.0, 0.4),
            log("Lock wait timeout exceeded; try restarting transaction {n}"),
        ),
        but=BOTH,
        decisive=(harm, lambda e: about("lock")(e) or of("deadlocks")(e)),
    ),
    Fault(
        "db_read_only",
        (ERRORS, log("ERROR: cannot execute INSERT in a read-only transaction ({n})")),
        but=("error_ratio",),
        decisive=(harm, about("read_only")),
    ),
    Fault(
        "replication_lag",
        (
            series("replication_lag", 0.1, 90.0),
            log("replica is {n} s behind the primary, reading stale rows", 9, level="warn"),
        ),
        decisive=(about("replication"),),
    ),
    Fault(
        "disk_full",
        (ERRORS, series("disk_use", 0.9, 1.0), log("write failed for {n}: no space left on device")),
        but=("error_ratio",),
        decisive=(lambda e: about("disk_full")(e) or of("disk_use")(e),),
    ),
    Fault(
        "dependency_errors",
        (
            ERRORS,
            series("dependency_error_ratio", 0.0, 0.5, peer="vouchers"),
            series("error_ratio", 0.0, 0.5, service="vouchers"),
            log("call {n}: upstream vouchers returned 500"),
        ),
        but=("error_ratio",),
        decisive=(harm, lambda e: e.service == "vouchers" or e.kind == "log"),
        peer="vouchers",
    ),
    Fault(
        "retry_storm",
        (
            ERRORS,
            series("retries", 0.1, 60.0),
            series("traffic", 20.0, 140.0, service="vouchers"),
            log("retrying order {n}, attempt 4 of 5", 30, level="warn"),
        ),
        but=("error_ratio",),
        decisive=(harm, lambda e: of("retries")(e) or about("retry")(e), of("traffic")),
    ),
    Fault(
        "queue_backlog",
        (series("backlog", 20.0, 9000.0), log("consumer lag is {n} on topic orders", 9, level="warn")),
        decisive=(of("backlog"),),
    ),
    Fault(
        "cache_hot_key",
        (SLOW, log("hot key detected: item {n}", 9, level="warn")),
        but=("latency_p95",),
        decisive=(harm, about("hot_key")),
    ),
    Fault(
        "cache_full",
        (ERRORS, series("evictions", 0.0, 900.0), log("OOM command not allowed when used memory > 'maxmemory' ({n})")),
        but=("error_ratio",),
        decisive=(harm, lambda e: about("cache_full")(e) or of("evictions")(e)),
    ),
    Fault(
        "cache_miss_storm",
        (
            SLOW,
            series("cache_hit_ratio", 0.97, 0.4),
            series("queries", 150.0, 700.0),
            log("cache miss for {n}; read-through to the store", 30, level="warn"),
        ),
        but=("latency_p95",),
        decisive=(lambda e: of("cache_hit_ratio")(e) or about("cache_miss")(e),),
    ),
    Fault(
        "memory_leak",
        (
            ERRORS,
            SLOW,
            series("heap_use", 0.4, 0.99),
            series("gc_time", 0.01, 0.5),
            log("java.lang.OutOfMemoryError: Java heap space (request {n})"),
        ),
        but=BOTH,
        decisive=(harm, lambda e: of("heap_use", "gc_time")(e) or about("memory")(e)),
    ),
    Fault(
        "oom_kill",
        (
            ERRORS,
            series("restarts", 0.0, 6.0, unit="count"),
            series("oom_kills", 0.0, 6.0, unit="count"),
            series("cpu_use", 0.4, 0.97, unit="ratio"),
            series("autoscaler_use", 0.4, 1.0, unit="ratio"),
            log("OOMKilled: container {n} terminated (exit code 137)", 6),
        ),
        but=("error_ratio",),
        decisive=(lambda e: of("oom_kills")(e) or about("oom_kill")(e),),
    ),
    Fault(
        "gc_pressure",
        (SLOW, series("gc_time", 0.01, 0.4), log("GC pause took {n} ms", 12, level="warn")),
        but=("latency_p95",),
        decisive=(harm, lambda e: of("gc_time")(e) or about("gc")(e)),
    ),
    Fault(
        "cpu_saturation",
        (SLOW, series("cpu_use", 0.3, 0.98), log("CPU usage at 98% in worker {n}", 9, level="warn")),
        but=("latency_p95",),
        decisive=(harm, lambda e: of("cpu_use")(e) or about("cpu")(e)),
    ),
    Fault(
        "thread_exhaustion",
        (
            SLOW,
            series("thread_use", 0.2, 1.0),
            log("RejectedExecutionException: Task {n} rejected from ThreadPoolExecutor"),
        ),
        but=("latency_p95",),
        decisive=(harm, lambda e: of("thread_use")(e) or about("threads")(e)),
    ),
    Fault(
        "descriptor_exhaustion",
        (ERRORS, series("descriptor_use", 0.3, 1.0), log("accept4() failed for {n}: Too many open files")),
        but=("error_ratio",),
        decisive=(harm, lambda e: of("descriptor_use")(e) or about("descriptors")(e)),
    ),
    Fault(
        "crash_loop",
        (
            series("restarts", 0.0, 9.0, unit="count"),
            series("availability", 1.0, 0.2),
            log("panic: assertion failed in module {n}; failed to start", 12, level="fatal"),
        ),
        but=("availability",),
        decisive=(of("restarts", "availability"), of("new_error_log")),
    ),
    Fault(
        "network_policy",
        (
            ERRORS,
            series("network_denials", 0.0, 7.0),
            log("DENY egress packet {n}: proto=UDP port=53 by network policy"),
        ),
        but=("error_ratio",),
        decisive=(lambda e: of("network_denials")(e) or about("denied")(e),),
    ),
    Fault(
        "dns_failure",
        (ERRORS, log("request {n}: lookup ledger.svc.local: no such host")),
        but=("error_ratio",),
        decisive=(harm, about("dns")),
    ),
    Fault(
        "network_fault",
        (SLOW, ERRORS, series("network_errors", 0.0, 40.0), log("request {n}: read: connection reset by peer")),
        but=BOTH,
        decisive=(lambda e: of("network_errors")(e) or about("network")(e),),
    ),
    Fault(
        "certificate_expiry",
        (
            ERRORS,
            series("cert_expiry", 3600.0, 0.0),
            log("TLS handshake error {n}: x509: certificate has expired or is not yet valid"),
        ),
        but=("error_ratio",),
        decisive=(lambda e: of("cert_expiry")(e) or about("expired_certificate")(e),),
    ),
    Fault(
        "tls_misconfiguration",
        (ERRORS, log("PKIX path building failed for {n}: unable to find valid certification path")),
        but=("error_ratio",),
        decisive=(harm, about("certificate")),
    ),
    Fault(
        "clock_skew",
        (
            ERRORS,
            series("clock_offset", 0.001, 40.0),
            series("auth_failed_ratio", 0.0, 0.3, unit="ratio"),
            log("Token used before issued (request {n})"),
        ),
        but=("error_ratio",),
        decisive=(lambda e: of("clock_offset")(e) or about("clock")(e),),
    ),
    Fault(
        "node_failure",
        (ERRORS, series("node_ready", 1.0, 0.6), log("Node worker-{n} status is now: NodeNotReady", 6)),
        but=("error_ratio",),
        decisive=(lambda e: of("node_ready")(e) or about("node")(e),),
    ),
)
