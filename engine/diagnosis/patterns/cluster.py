"""Lists the faults that the state of a cluster proves: pods that cannot be made, placed, started or reached.

One finding is one clue, and it may be enough: it names the object, and of those who write a cluster's state two have to
agree on it before the guard lets it stand alone. That there are too few pods supports it and proves nothing.
"""

from engine.diagnosis.clues import Clue, Sign
from engine.diagnosis.patterns.pattern import Pattern
from engine.diagnosis.patterns.signs import CHANGE_BEFORE, ERRORS_UP, TRAFFIC_DOWN, UNAVAILABLE_UP
from engine.model import OperationClass

SHORT = Clue(name="cluster_short", any=(Sign(signals=("state",), where="own"),))
BROUGHT_ABOUT = (
    "service_down",
    "bad_release",
    "crash_loop",
    "dependency_errors",
    "dependency_down",
    "dependency_timeout",
    "network_fault",
    "missing_config",
    "auth_failure",
    "dns_failure",
)
"""What somebody sees of a service whose pods are not there, or not reached, and takes for a fault of its own."""


def shown(*findings: str) -> Clue:
    """The clue that one of these findings was made about the suspected service."""
    return Clue(name="cluster_state", any=(Sign(signals=findings, where="own"),))


def probes(*kinds: str) -> tuple[str, ...]:
    """The findings about probes that ask wrongly."""
    faults = ("wrong_port", "wrong_protocol", "wrong_path", "wrong_timing")
    return tuple(f"{kind}_probe_{fault}" for kind in kinds for fault in faults)


def fault(
    category: str, findings: tuple[str, ...], offers: tuple[OperationClass, ...], *steps: str, by_change: bool = False
) -> Pattern:
    """A pattern of one clue."""
    return Pattern(
        category=category,
        by_change=by_change,
        base=0.85,
        required=(shown(*findings),),
        supporting=(SHORT, ERRORS_UP, UNAVAILABLE_UP, TRAFFIC_DOWN, CHANGE_BEFORE),
        explains=BROUGHT_ABOUT,
        offers=offers,
        next_steps=tuple(f"diagnosis.next.{each}" for each in steps),
    )


QUOTAS = tuple(f"{each}_quota_exceeded" for each in ("cpu", "memory", "pod", "service", "storage", "object"))
PLACEMENT = (
    "node_selector_mismatch",
    "node_affinity_mismatch",
    "pod_anti_affinity_conflict",
    "pod_affinity_unsatisfied",
    "topology_spread_unsatisfied",
    "node_cordoned",
    "untolerated_taint",
    "host_port_conflict",
    "volume_elsewhere",
    "scheduler_silent",
)
VOLUMES = (
    "claim_class_mismatch",
    "claim_capacity_mismatch",
    "claim_selector_mismatch",
    "claim_access_mode_mismatch",
    "claim_missing",
    "volume_occupied",
    "no_volume_available",
    "volume_provisioning_failed",
    "volume_attached_elsewhere",
    "volume_not_mounted",
)
PRESSURE = ("node_memory_pressure", "node_disk_pressure", "node_pid_pressure", "pods_evicted")

CLUSTERS: tuple[Pattern, ...] = (
    fault(
        "image_unavailable",
        ("invalid_image_name", "image_not_found", "image_pull_failed"),
        ("rollback", "configure"),
        "check_image",
        by_change=True,
    ),
    fault(
        "registry_unreachable",
        ("registry_not_resolved", "registry_unreachable", "registry_certificate", "registry_rate_limited"),
        ("rollback", "configure"),
        "check_registry",
        "check_image",
        by_change=True,
    ),
    fault(
        "pull_secret_missing",
        ("pull_secret_missing", "pull_secret_rejected"),
        ("configure",),
        "check_pull_secret",
        "check_image",
        by_change=True,
    ),
    fault(
        "reference_missing",
        ("service_account_missing", "secret_missing", "config_map_missing"),
        ("configure", "rollback"),
        "create_reference",
        by_change=True,
    ),
    fault(
        "admission_refused",
        ("limits_violated", "admission_webhook_down", "admission_denied", "access_denied"),
        ("configure",),
        "read_refusal",
        by_change=True,
    ),
    fault("quota_exceeded", QUOTAS, (), "raise_quota"),
    fault("pod_unschedulable", PLACEMENT, ("configure",), "check_placement", "uncordon", by_change=True),
    fault(
        "cluster_capacity",
        ("insufficient_cpu", "insufficient_memory", "insufficient_resource", "too_many_pods"),
        ("configure",),
        "add_capacity",
        by_change=True,
    ),
    fault("volume_unavailable", VOLUMES, ("configure",), "check_claim", by_change=True),
    fault(
        "probe_misconfigured",
        probes("liveness", "readiness", "startup"),
        ("configure", "rollback"),
        "mend_probe",
        by_change=True,
    ),
    fault(
        "container_not_started",
        ("container_not_started", "port_in_use", "pod_network_failed"),
        ("rollback",),
        "platform_events",
        "last_words",
        by_change=True,
    ),
    fault(
        "service_misrouted",
        ("service_selector_mismatch", "service_port_mismatch", "service_protocol_mismatch", "service_missing"),
        ("configure",),
        "mend_service",
        by_change=True,
    ),
    fault(
        "address_misconfigured",
        ("env_address_mismatch",),
        ("configure", "rollback"),
        "mend_address",
        by_change=True,
    ),
    fault("node_pressure", PRESSURE, ("scale",), "node", "platform_events"),
    fault(
        "job_failed",
        ("job_backoff_exceeded", "job_deadline_exceeded", "job_failed"),
        ("rollback", "configure"),
        "job_log",
        by_change=True,
    ),
    fault(
        "job_not_run",
        ("cron_job_suspended", "cron_job_missed", "cron_job_unusable", "job_suspended"),
        ("configure",),
        "check_schedule",
        by_change=True,
    ),
    fault("scaled_to_zero", ("scaled_to_zero",), ("scale",), "scale_up"),
)
