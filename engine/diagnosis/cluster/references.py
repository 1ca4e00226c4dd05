"""Finds what pods need and is not there: service accounts, secrets, config maps; and rules that keep pods from being
made."""

import re
from collections.abc import Iterator

from engine.cluster.facts import Event, Pod, Workload
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told

ACCOUNT = re.compile(r'serviceaccount "([^"]+)" not found|error looking up service account \S+/(\S+?):', re.IGNORECASE)
ABSENT = re.compile(
    r'\b(secret|configmap)s? "([^"]+)" not found|references non-existent (secret|config) key: (\S+)', re.IGNORECASE
)
KEY = re.compile(r"couldn't find key (\S+) in (Secret|ConfigMap) (\S+)", re.IGNORECASE)
WEBHOOK = re.compile(r'admission webhook "([^"]+)" denied|violates PodSecurity|denied the request', re.IGNORECASE)
NOT_CALLED = re.compile(r'failed calling webhook "([^"]+)"', re.IGNORECASE)
BOUNDS = re.compile(
    r"(maximum|minimum) (\S+) usage per (Container|Pod) is|must specify (limits|requests)|exceeds the limit range",
    re.IGNORECASE,
)
NOT_ALLOWED = re.compile(r'forbidden: User "([^"]+)" cannot (\S+) resource "([^"]+)"', re.IGNORECASE)


def references(scene: Scene) -> Iterator[Finding]:
    """One finding per workload and missing thing."""
    for workload in scene.cluster.workloads:
        if scene.lacks_pods(workload):
            yield from _not_made(scene, workload)
    seen: set[tuple[str, str]] = set()
    for workload, pod in scene.troubled():
        found = _not_started(scene, workload, pod)
        if found and (workload.name, found.name) not in seen:
            seen.add((workload.name, found.name))
            yield found


def _not_made(scene: Scene, workload: Workload) -> Iterator[Finding]:
    """What the API refused when the controller wanted to make a pod."""
    events = scene.creating(workload)
    failed = [each for each in workload.conditions if each.type == "ReplicaFailure" and each.status == "True"]
    words = [*(each.message for each in events), *(each.message for each in failed)]
    status_lines = [status(cut(f"{workload.kind} {workload.name}: {each.reason} {each.message}")) for each in failed]
    status_lines.append(
        status(f"{workload.kind} {workload.name}: {workload.created or 0} of {workload.desired or 0} pods were made")
    )
    for name, pattern in (
        ("service_account_missing", ACCOUNT),
        ("limits_violated", BOUNDS),
        ("admission_webhook_down", NOT_CALLED),
        ("admission_denied", WEBHOOK),
        ("access_denied", NOT_ALLOWED),
    ):
        match = next((found for each in words if (found := pattern.search(each))), None)
        if match is None:
            continue
        fitting = [each for each in events if pattern.search(each.message)]
        what = next((group for group in match.groups() if group), match[0])
        if name == "service_account_missing" and what in scene.cluster.service_accounts:
            continue  # It came after all.
        yield _finding(workload, name, what, fitting, [*status_lines, *_asked(scene, workload, name, what)])
        return
    # Events last an hour; what is asked for and what is there can be compared as long as both are there.
    account, name = workload.template.service_account, "service_account_missing"
    known = "serviceaccounts" in scene.cluster.read
    if not events and account and known and account not in scene.cluster.service_accounts:
        yield _finding(workload, name, account, [], [*status_lines, *_asked(scene, workload, name, account)])


def _asked(scene: Scene, workload: Workload, name: str, what: str) -> list[Look]:
    if name != "service_account_missing" or workload.template.service_account != what:
        return []
    there = ", ".join(scene.cluster.service_accounts[:8])
    known = f"; there are {there}" if "serviceaccounts" in scene.cluster.read and there else ""
    return [spec(cut(f"{workload.kind} {workload.name}: serviceAccountName {what}{known}"))]


def _not_started(scene: Scene, workload: Workload, pod: Pod) -> Finding | None:
    """What the kubelet lacked when it wanted to start a container."""
    events = [] if pod.ready else scene.events("Pod", pod.name, "Failed", "FailedMount", "FailedCreatePodSandBox")
    waiting = [each for each in pod.containers if each.state == "waiting" and each.message]
    words = [*(each.message for each in waiting), *(each.message for each in events)]
    for pattern in (ABSENT, KEY):
        match = next((found for each in words if (found := pattern.search(each))), None)
        if match is None:
            continue
        what = " ".join(group for group in match.groups() if group)
        name = "secret_missing" if "secret" in match[0].lower() else "config_map_missing"
        fitting = [each for each in events if pattern.search(each.message)]
        looks = [status(cut(f"pod {pod.name}: {each.reason} {each.message}")) for each in waiting[:1]]
        looks += [
            spec(f"{workload.kind} {workload.name}: needs {each.kind} {each.name}")
            for each in (*pod.template.references, *(r for c in pod.template.containers for r in c.references))
            if each.name in what.split()
        ][:1]
        return _finding(workload, name, what, fitting, looks)
    return None


def _finding(workload: Workload, name: str, what: str, events: list[Event], looks: list[Look]) -> Finding:
    seen = [*(told(each) for each in events[:2]), *looks]
    return of_workload(workload, name, seen, 0.95 if events else 0.8, what, began(events))
