"""Says which of our words mean what a recording calls its fault: knowledge of the scorer, which the engine never sees.

A label nobody wrote down here counts as missed, whatever the engine said.
"""

from collections.abc import Mapping, Sequence

from bot.evaluation.examine import Examined

Words = frozenset[str]


def _words(*names: str) -> Words:
    return frozenset(names)


FAULTS: Mapping[str, Words] = {
    # Making pods.
    "missing_service_account": _words("service_account_missing"),
    "missing_secret": _words("secret_missing"),
    "missing_secret_binding": _words("secret_missing"),
    "missing_configmap": _words("config_map_missing"),
    "namespace_cpu_quota_exceeded": _words("cpu_quota_exceeded"),
    "namespace_memory_quota_exceeded": _words("memory_quota_exceeded"),
    "namespace_pod_quota_exceeded": _words("pod_quota_exceeded"),
    "namespace_service_quota_exceeded": _words("service_quota_exceeded"),
    "namespace_storage_quota_exceeded": _words("storage_quota_exceeded"),
    # Placing them.
    "node_selector_mismatch": _words("node_selector_mismatch"),
    "node_affinity_mismatch": _words("node_affinity_mismatch"),
    "node_cordon_mismatch": _words("node_cordoned"),
    "taint_toleration_mismatch": _words("untolerated_taint"),
    "pod_anti_affinity_conflict": _words("pod_anti_affinity_conflict"),
    "cpu_capacity_mismatch": _words("insufficient_cpu"),
    "memory_capacity_mismatch": _words("insufficient_memory"),
    "pvc_capacity_mismatch": _words("claim_capacity_mismatch"),
    "pvc_selector_mismatch": _words("claim_selector_mismatch"),
    "pvc_storage_class_mismatch": _words("claim_class_mismatch"),
    "pvc_access_mode_mismatch": _words("claim_access_mode_mismatch"),
    "pv_binding_occupied": _words("volume_occupied"),
    "kube_scheduler_unavailable": _words("scheduler_silent"),
    # Starting them.
    "incorrect_image_reference": _words("image_not_found", "invalid_image_name"),
    "image_registry_dns_failure": _words("registry_not_resolved"),
    "missing_image_pull_secret": _words("pull_secret_missing"),
    # Running them.
    "oom_killed": _words("oom_killed", "oom_kill"),
    **{
        f"{kind}_probe_incorrect_{fault}": _words(f"{kind}_probe_wrong_{fault}")
        for kind in ("liveness", "readiness", "startup")
        for fault in ("port", "protocol", "path", "timing")
    },
    # Reaching them.
    "service_selector_mismatch": _words("service_selector_mismatch"),
    "service_port_mapping_mismatch": _words("service_port_mismatch"),
    "service_protocol_mismatch": _words("service_protocol_mismatch"),
    "service_env_var_address_mismatch": _words("env_address_mismatch"),
    "service_dns_resolution_failure": _words("dns_failing", "dns_failure"),
    "service_sidecar_port_conflict": _words("port_in_use"),
    # What they stand on.
    "containerd_unavailable": _words("node_component_stopped", "container_runtime_failed"),
    "kubelet_unavailable": _words("node_component_stopped", "node_not_ready"),
    "kube_proxy_unavailable": _words("node_component_stopped"),
    # What they need.
    "db_readonly_mode": _words("db_read_only"),
    "db_connection_exhaustion": _words("db_pool_exhaustion"),
}
"""By a recording's label, the findings and patterns that mean it."""


def is_right(examined: Examined) -> bool:
    """Whether whom the ranking blames first is the truth, and for what it does, too."""
    if not examined.ranking or examined.ranking[0][0] != examined.case.truth.service:
        return False
    said = {examined.sweep.suspects[0].signal}
    if examined.verdict.service == examined.case.truth.service:
        said.add(examined.verdict.category)
    return bool(said & FAULTS.get(examined.case.truth.fault, frozenset()))


def share_right(examined: Sequence[Examined]) -> float | None:
    """The share of cases of which object and fault are right; None where no label of theirs is known."""
    if not any(each.case.truth.fault in FAULTS for each in examined):
        return None
    return sum(is_right(each) for each in examined) / len(examined)
