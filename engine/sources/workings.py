"""Lists the series by which software of the field tells what goes on inside it, as data.

One row is one metric family; of each role the first that a service has is asked. To teach Tocsin another exporter's
names, add a row.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from engine.model import Unit
from engine.sources.conventions import LABELS_OF_THINGS, SERVICE_LABELS


class Part(NamedTuple):
    """What is used (with the matcher that picks it) over what there is."""

    role: str
    used: str
    most: str
    extra: str = ""
    extra_most: str = ""
    identity: tuple[str, ...] = SERVICE_LABELS


class Share(NamedTuple):
    """A counter (with the matcher that picks it) over another; `both`: over the two of them together."""

    role: str
    some: str
    every: str
    extra: str = ""
    both: bool = False
    identity: tuple[str, ...] = SERVICE_LABELS


class Speed(NamedTuple):
    """How fast a counter grows. `time`: it counts seconds, so that the speed is a share of time, of the worst one."""

    role: str
    name: str
    extra: str = ""
    time: bool = False
    identity: tuple[str, ...] = SERVICE_LABELS


class Level(NamedTuple):
    """Where a gauge stands. `left`: it is a moment, and what counts is the time until then."""

    role: str
    name: str
    how: Literal["max", "min", "sum"] = "max"
    extra: str = ""
    left: bool = False
    unit: Unit = "count"
    identity: tuple[str, ...] = SERVICE_LABELS


class Events(NamedTuple):
    """Single events, counted over ten minutes."""

    role: str
    name: str
    identity: tuple[str, ...] = SERVICE_LABELS


PARTS = (
    Part("heap_use", "jvm_memory_used_bytes", "jvm_memory_max_bytes", 'area="heap"', 'area="heap"'),
    Part("heap_use", "jvm_memory_bytes_used", "jvm_memory_bytes_max", 'area="heap"', 'area="heap"'),
    Part(
        "heap_use", "process_runtime_jvm_memory_usage_bytes", "process_runtime_jvm_memory_limit_bytes",
        'type="heap"', 'type="heap"',
    ),
    Part("memory_use", "redis_memory_used_bytes", "redis_memory_max_bytes"),
    Part("thread_use", "tomcat_threads_busy_threads", "tomcat_threads_config_max_threads"),
    Part("thread_use", "jetty_threads_busy", "jetty_threads_config_max"),
    Part("thread_use", "executor_active_threads", "executor_pool_max_threads"),
    Part("thread_use", "phpfpm_active_processes", "phpfpm_total_processes"),
    Part("descriptor_use", "process_open_fds", "process_max_fds"),
    Part("descriptor_use", "process_files_open_files", "process_files_max_files"),
    Part(
        "disk_use", "kubelet_volume_stats_used_bytes", "kubelet_volume_stats_capacity_bytes",
        identity=LABELS_OF_THINGS,
    ),
    Part("disk_use", "container_fs_usage_bytes", "container_fs_limit_bytes"),
    Part(
        "autoscaler_use", "kube_horizontalpodautoscaler_status_desired_replicas",
        "kube_horizontalpodautoscaler_spec_max_replicas", identity=LABELS_OF_THINGS,
    ),
    Part("pool_use", "pg_stat_database_numbackends", "pg_settings_max_connections"),
    Part("pool_use", "mysql_global_status_threads_connected", "mysql_global_variables_max_connections"),
    Part("pool_use", "redis_connected_clients", "redis_config_maxclients"),
)  # fmt: skip

SHARES = (
    Share("cpu_throttled_ratio", "container_cpu_cfs_throttled_periods_total", "container_cpu_cfs_periods_total"),
    Share("cache_hit_ratio", "redis_keyspace_hits_total", "redis_keyspace_misses_total", both=True),
    Share("cache_hit_ratio", "cache_gets_total", "cache_gets_total", 'result="hit"'),
    Share("cache_hit_ratio", "memcached_commands_total", "memcached_commands_total", 'status="hit"'),
    Share(
        "dns_error_ratio", "coredns_dns_responses_total", "coredns_dns_responses_total", 'rcode=~"SERVFAIL|NXDOMAIN"'
    ),
)

SPEEDS = (
    Speed("gc_time", "jvm_gc_pause_seconds_sum", time=True),
    Speed("gc_time", "jvm_gc_collection_seconds_sum", time=True),
    Speed("gc_time", "jvm_gc_duration_seconds_sum", time=True),
    Speed("gc_time", "go_gc_duration_seconds_sum", time=True),
    Speed("gc_time", "nodejs_gc_duration_seconds_sum", time=True),
    Speed("evictions", "redis_evicted_keys_total"),
    Speed("evictions", "cache_evictions_total"),
    Speed("evictions", "memcached_items_evicted_total"),
    Speed("connection_errors", "hikaricp_connections_timeout_total"),
    Speed("connection_errors", "redis_rejected_connections_total"),
    Speed("connection_errors", "mysql_global_status_connection_errors_total"),
    Speed("slow_queries", "mysql_global_status_slow_queries"),
    Speed("queries", "mysql_global_status_queries"),
    Speed("queries", "pg_stat_database_xact_commit"),
    Speed("queries", "redis_commands_processed_total"),
    Speed("deadlocks", "pg_stat_database_deadlocks"),
    Speed("deadlocks", "mysql_global_status_innodb_deadlocks"),
    Speed("lock_waits", "mysql_global_status_innodb_row_lock_waits"),
    Speed("retries", "resilience4j_retry_calls_total", 'kind=~".*with_retry"'),
    Speed("retries", "envoy_cluster_upstream_rq_retry"),
    Speed("network_errors", "container_network_receive_errors_total"),
    Speed("network_denials", "hubble_drop_total", 'reason=~"(?i).*policy.*"'),
    Speed("network_denials", "cilium_drop_count_total", 'reason=~"(?i).*policy.*"'),
    Speed("tls_errors", "envoy_listener_ssl_connection_error"),
)

LEVELS = (
    Level("backlog", "kafka_consumergroup_lag", "sum", identity=LABELS_OF_THINGS),
    Level("backlog", "kafka_consumergroup_group_lag", "sum", identity=LABELS_OF_THINGS),
    Level("backlog", "kafka_consumer_fetch_manager_records_lag_max", "sum"),
    Level("backlog", "rabbitmq_queue_messages_ready", "sum", identity=LABELS_OF_THINGS),
    Level("backlog", "celery_queue_length", "sum"),
    Level("backlog", "executor_queued_tasks", "sum"),
    Level("transaction_age", "pg_stat_activity_max_tx_duration", unit="seconds"),
    Level("replication_lag", "pg_replication_lag_seconds", unit="seconds"),
    Level("replication_lag", "pg_replication_lag", unit="seconds"),
    Level("replication_lag", "mysql_slave_status_seconds_behind_master", unit="seconds"),
    Level("clock_offset", "node_timex_offset_seconds", unit="seconds"),
    Level("open_circuits", "resilience4j_circuitbreaker_state", "sum", 'state="open"'),
    Level("cert_expiry", "certmanager_certificate_expiration_timestamp_seconds", "min", left=True, unit="seconds",
          identity=LABELS_OF_THINGS),
    Level("cert_expiry", "probe_ssl_earliest_cert_expiry", "min", left=True, unit="seconds"),
    Level("cert_expiry", "x509_cert_not_after", "min", left=True, unit="seconds"),
)  # fmt: skip

EVENTS = (
    Events("restarts", "kube_pod_container_status_restarts_total"),
    Events("oom_kills", "container_oom_events_total"),
)


def names() -> Iterator[tuple[tuple[str, ...], str]]:
    """Every metric name of the tables, with the labels by which it is looked for."""
    for part in PARTS:
        yield from ((part.identity, name) for name in (part.used, part.most))
    for share in SHARES:
        yield from ((share.identity, name) for name in (share.some, share.every))
    yield from ((row.identity, row.name) for row in (*SPEEDS, *LEVELS, *EVENTS))
