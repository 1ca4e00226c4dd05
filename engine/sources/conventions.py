"""Lists how services in the field name their metrics, as data: what exists decides what is asked.

One row is one metric family. To teach Tocsin another library's names, add a row.
"""

from typing import NamedTuple

SERVICE_LABELS = (
    "service",
    "service_name",
    "app",
    "app_kubernetes_io_name",
    "kubernetes_name",
    "application",
    "job",
    "exported_service",
    "destination_service_name",
    "destination_workload",
    "deployment",
    "container",
)
"""Labels that carry a service's name, the most telling first."""

LABELS_OF_THINGS = ("persistentvolumeclaim", "consumergroup", "queue", "horizontalpodautoscaler", "name")
"""Labels that carry what a thing of a service is called: its own name, or what the catalogue says."""

SCOPE_LABELS = ("cluster", "region", "environment", "env", "deployment_environment", "namespace", "exported_namespace")
"""Labels that tell two services of one name apart: taken over from the alert where the series carry them too."""

ARGOCD_APP = "argocd_app"
"""A label of the catalogue that names a service elsewhere than in telemetry."""

VERSION_LABELS = ("version", "service_version", "app_version", "destination_version", "release", "image_tag")

HTTP_CODES = (
    "code",
    "status",
    "status_code",
    "http_status",
    "http_status_code",
    "http_response_status_code",
    "response_code",
)
PEER_LABELS = (
    "peer_service",
    "peer",
    "server_address",
    "net_peer_name",
    "destination_service_name",
    "destination",
    "upstream",
    "target",
    "client_name",
    "clientName",
    "host",
    "grpc_service",
)

HTTP_FAULTS = {
    "error_ratio": '=~"5.."',
    "unavailable_ratio": '="503"',
    "timeout_ratio": '="504"',
    "limited_ratio": '="429"',
    "auth_failed_ratio": '=~"401|403"',
}
GRPC_FAULTS = {
    "error_ratio": '=~"Unknown|Internal|Unavailable|DeadlineExceeded|DataLoss|Unimplemented"',
    "unavailable_ratio": '="Unavailable"',
    "timeout_ratio": '="DeadlineExceeded"',
    "limited_ratio": '="ResourceExhausted"',
    "auth_failed_ratio": '=~"Unauthenticated|PermissionDenied"',
}
FAULT_ROLES = tuple(HTTP_FAULTS)

HTTP_CALL_FAILED = '!~"[1-4].."'
"""A call that brought no answer has a word (timeout, unreachable, IO_ERROR) or nothing where the code stands."""
GRPC_CALL_FAILED = GRPC_FAULTS["error_ratio"]


class Counted(NamedTuple):
    """A counter of requests: `codes` may hold the outcome, `faults` says which outcomes count under which role."""

    name: str
    codes: tuple[str, ...] = HTTP_CODES
    faults: dict[str, str] = HTTP_FAULTS
    failed: str = HTTP_CALL_FAILED
    identity: tuple[str, ...] = SERVICE_LABELS
    extra: str = ""


class Timed(NamedTuple):
    """A histogram by its `_bucket` series; `scale` brings its unit to seconds."""

    name: str
    scale: float = 1.0
    identity: tuple[str, ...] = SERVICE_LABELS
    extra: str = ""


class Pooled(NamedTuple):
    """A pool: the series of what is in use (with the matcher that picks it) over the series of what there may be."""

    used: str
    most: str
    states: tuple[tuple[str, str], ...] = ()


GRPC_CODES = ("grpc_code", "code")
ISTIO_SERVER = ("destination_service_name", "destination_workload", "destination_canonical_service")
ISTIO_CLIENT = ("source_workload", "source_canonical_service", "source_app")

SERVED = (
    Counted("http_requests_total"),
    Counted("http_server_requests_total"),
    Counted("http_server_requests_seconds_count"),
    Counted("http_server_request_duration_seconds_count"),
    Counted("http_server_duration_milliseconds_count"),
    Counted("http_server_duration_seconds_count"),
    Counted("http_requests_received_total"),
    Counted("flask_http_request_total"),
    Counted("http_request_duration_seconds_count"),
    Counted("http_request_duration_milliseconds_count"),
    Counted("istio_requests_total", identity=ISTIO_SERVER, extra='reporter="destination"'),
    Counted("grpc_server_handled_total", GRPC_CODES, GRPC_FAULTS),
    Counted("nginx_ingress_controller_requests", identity=("exported_service", "service")),
)
"""Requests a service answered; the first that exists is asked."""

CALLED = (
    Counted("http_client_requests_total"),
    Counted("http_client_requests_seconds_count"),
    Counted("http_client_request_duration_seconds_count"),
    Counted("http_client_duration_milliseconds_count"),
    Counted("istio_requests_total", identity=ISTIO_CLIENT, extra='reporter="source"'),
    Counted("grpc_client_handled_total", GRPC_CODES, GRPC_FAULTS, GRPC_CALL_FAILED),
)
"""Calls a service made to others; the first that exists is asked, by peer."""

LATENCY = (
    Timed("http_request_duration_seconds_bucket"),
    Timed("http_server_requests_seconds_bucket"),
    Timed("http_server_request_duration_seconds_bucket"),
    Timed("http_server_duration_milliseconds_bucket", 0.001),
    Timed("http_request_duration_milliseconds_bucket", 0.001),
    Timed("istio_request_duration_milliseconds_bucket", 0.001, ISTIO_SERVER, 'reporter="destination"'),
    Timed("grpc_server_handling_seconds_bucket"),
    Timed("nginx_ingress_controller_request_duration_seconds_bucket", identity=("exported_service", "service")),
)

POOLS = (
    Pooled("db_pool_connections", "db_pool_connections_max", (("state", "in_use|used|active|busy"),)),
    Pooled("hikaricp_connections_active", "hikaricp_connections_max"),
    Pooled(
        "db_client_connection_count",
        "db_client_connection_max",
        (("state", "used"), ("db_client_connection_state", "used")),
    ),
    Pooled("db_client_connections_usage", "db_client_connections_max", (("state", "used"),)),
    Pooled("go_sql_in_use_connections", "go_sql_max_open_connections"),
    Pooled("go_sql_stats_connections_in_use", "go_sql_stats_connections_max_open"),
    Pooled("jdbc_connections_active", "jdbc_connections_max"),
)

POOL_WAITS = (
    Timed("db_pool_wait_seconds_bucket"),
    Timed("db_client_connection_wait_time_seconds_bucket"),
    Timed("db_client_connections_wait_time_milliseconds_bucket", 0.001),
    Timed("hikaricp_connections_acquire_seconds_bucket"),
)

POOL_WAIT_MEANS = (
    ("hikaricp_connections_acquire_seconds_sum", "hikaricp_connections_acquire_seconds_count"),
    ("go_sql_wait_duration_seconds_total", "go_sql_wait_count_total"),
    ("go_sql_stats_connections_blocked_seconds", "go_sql_stats_connections_waited_for"),
)
"""Time waited and number of waits, for pools that publish no histogram."""

LIMITS = "kube_pod_container_resource_limits"
SATURATION = (
    ("cpu_use", "container_cpu_usage_seconds_total", "cpu"),
    ("memory_use", "container_memory_working_set_bytes", "memory"),
)
"""Role, what a container uses, and which of its limits that is held against."""

UP = "up"
REPLICAS = ("kube_deployment_status_replicas_available", "kube_deployment_spec_replicas")
"""Replicas that serve, over replicas that should; the deployment is named after the service, or by the catalogue."""


def identities() -> dict[tuple[str, ...], tuple[str, ...]]:
    """Which metric names are looked for under which labels; histograms stand for themselves by `le="+Inf"`."""
    found: dict[tuple[str, ...], set[str]] = {}
    for row in (*SERVED, *CALLED, *LATENCY, *POOL_WAITS):
        found.setdefault(row.identity, set()).add(row.name)
    plain = found.setdefault(SERVICE_LABELS, set())
    plain.update(name for pool in POOLS for name in (pool.used, pool.most))
    plain.update(name for pair in (*POOL_WAIT_MEANS, REPLICAS) for name in pair)
    plain.update(used for _, used, _ in SATURATION)
    plain.update((UP, LIMITS))
    return {labels: tuple(sorted(names)) for labels, names in found.items()}
