"""Finds images that cannot be pulled, and tells a wrong reference from a registry that is away or keeps us out."""

import re
from collections.abc import Iterator

from engine.cluster.facts import ContainerState, Pod, Workload
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told

WAITING = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "RegistryUnavailable",
        "ImageInspectError",
    }
)

REASONS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern, re.IGNORECASE))
    for name, pattern in (
        ("invalid_image_name", r"InvalidImageName|invalid reference format|couldn't parse image|must be lowercase"),
        ("registry_rate_limited", r"toomanyrequests|too many requests|\b429\b|rate limit"),
        (
            "registry_not_resolved",
            r"no such host|server misbehaving|name resolution|could ?n.t resolve|cannot resolve|NXDOMAIN"
            r"|dial tcp: lookup",
        ),
        ("registry_certificate", r"x509|certificate signed by|tls: "),
        ("image_not_found", r"manifest unknown|manifest for \S+ not found|code = NotFound|: not found|name unknown"),
        (
            "registry_refuses",
            r"\b40[13]\b|unauthori[sz]ed|authentication required|failed to authorize|denied|no basic auth"
            r"|authorization failed|insufficient_scope",
        ),
        (
            "registry_unreachable",
            r"i/o timeout|connection refused|no route to host|handshake timeout|deadline exceeded",
        ),
        ("image_not_found", r"not found|does not exist|no such image"),
    )
)
"""What the words of a failed pull mean; the first that fits."""


def images(scene: Scene) -> Iterator[Finding]:
    """One finding per workload whose pods wait for an image."""
    seen: set[tuple[str, str]] = set()
    for workload, pod in scene.troubled():
        for state in pod.containers:
            if state.reason in WAITING and state.state == "waiting" and (workload.name, state.name) not in seen:
                seen.add((workload.name, state.name))
                yield _finding(scene, workload, pod, state)


def _finding(scene: Scene, workload: Workload, pod: Pod, state: ContainerState) -> Finding:
    container = scene.container(pod, state.name)
    image = container.image if container else ""
    events = [
        each
        for each in scene.events("Pod", pod.name, "Failed", "InspectFailed", "ErrImageNeverPull")
        if not each.message.startswith("Error: ")
    ]
    unread = scene.events("Pod", pod.name, "FailedToRetrieveImagePullSecret")
    name = _name(" ".join([state.reason, state.message, *(each.message for each in events)]))
    looks: list[Look] = [status(f"pod {pod.name}: container {state.name} is waiting, {state.reason}")]
    looks += [told(each) for each in (*events[:2], *unread[:1])]
    looks.append(spec(cut(f"{workload.kind} {workload.name}: image {image}")))
    if name == "registry_refuses":
        name, more = _secret(scene, pod, bool(unread))
        looks.append(spec(more))
    sure = 0.95 if name != "image_pull_failed" else 0.75
    what = image.partition("/")[0] if name.startswith("registry_") else image
    return of_workload(workload, name, looks, sure, what, began(events, pod.age))


def _name(words: str) -> str:
    return next((name for name, pattern in REASONS if pattern.search(words)), "image_pull_failed")


def _secret(scene: Scene, pod: Pod, unread: bool) -> tuple[str, str]:
    """Whether the pod brings a secret for the registry at all, and whether that secret is there."""
    asked = pod.template.pull_secrets
    if not asked:
        return "pull_secret_missing", f"pod {pod.name}: no imagePullSecrets"
    absent = [each for each in asked if "secrets" in scene.cluster.read and each not in scene.cluster.secrets]
    if unread or absent:
        return "pull_secret_missing", f"pod {pod.name}: imagePullSecrets {', '.join(absent or asked)}, not there"
    return "pull_secret_rejected", f"pod {pod.name}: imagePullSecrets {', '.join(asked)}"
