"""Finds workloads that are short of replicas, and rollouts that are stuck. These are mostly symptoms: something else
says why."""

from collections.abc import Iterator

from engine.cluster.facts import Revision, Workload
from engine.diagnosis.cluster.finding import Finding, Look, of_workload, spec, status
from engine.diagnosis.cluster.scene import Scene, cut, told


def rollout(scene: Scene) -> Iterator[Finding]:
    """Findings about each workload's replicas and revisions."""
    called = _called(scene)
    for each in scene.cluster.workloads:
        if each.desired == 0:
            yield from _scaled_to_zero(scene, each, called)
        elif scene.is_short(each):
            looks = [status(f"{each.kind} {each.name}: {each.available or 0} of {each.desired} available")]
            # With nobody left it is surely here that something is wrong, whatever it is.
            yield _symptom(each, "replicas_short", looks, 0.4 if each.available else 0.7, _share(each))
        yield from _stuck(each)
        yield from _skewed(each)


def _called(scene: Scene) -> frozenset[str]:
    """Names that others have in their environment."""
    return frozenset(
        value.partition(":")[0].partition(".")[0]
        for each in scene.cluster.workloads
        for container in each.template.containers
        for value in container.env.values()
    )


def _scaled_to_zero(scene: Scene, workload: Workload, called: frozenset[str]) -> Iterator[Finding]:
    fronts = [each for each in scene.cluster.services if each.service == workload.service and each.selector]
    wanted = [each for each in fronts if each.name in called]
    looks: list[Look] = [spec(f"{workload.kind} {workload.name}: 0 replicas asked for")]
    looks += [status(f"Service {each.name}: no ready endpoint") for each in fronts if not each.endpoints][:1]
    looks += [spec(f"others call {each.name}") for each in wanted[:1]]
    scaled = [
        each for each in scene.events(workload.kind, workload.name, "ScalingReplicaSet") if "to 0" in each.message
    ]
    looks += [told(each) for each in scaled[:1]]
    # A worker that nobody calls may rest; somebody who is called may not.
    yield of_workload(workload, "scaled_to_zero", looks, 0.9 if wanted else 0.5 if fronts else 0.3)


def _stuck(workload: Workload) -> Iterator[Finding]:
    for each in workload.conditions:
        if each.type == "Progressing" and each.status == "False":
            looks = [status(cut(f"{workload.kind} {workload.name}: {each.reason} {each.message}"))]
            looks += [spec(_line(one)) for one in workload.revisions[:2]]
            yield _symptom(workload, "rollout_stuck", looks, 0.5, _newest(workload))
    if workload.paused and len([each for each in workload.revisions if each.replicas]) > 1:
        looks = [spec(f"{workload.kind} {workload.name} is paused half-way")]
        yield of_workload(workload, "rollout_paused", looks, 0.5)


def _skewed(workload: Workload) -> Iterator[Finding]:
    """Two revisions that serve at once, with different images, though no rollout is under way."""
    if any(each.type == "Progressing" and each.status == "True" for each in workload.conditions):
        return
    serving = [each for each in workload.revisions if each.ready > 0]
    if len({each.images for each in serving}) > 1:
        looks = [status(_line(each)) for each in serving[:2]]
        yield _symptom(workload, "version_skew", looks, 0.4, " / ".join(_images(each) for each in serving[:2]))


def _line(revision: Revision) -> str:
    return cut(f"revision {revision.number} ({', '.join(revision.images)}): {revision.ready}/{revision.replicas} ready")


def _images(revision: Revision) -> str:
    return ", ".join(revision.images)


def _newest(workload: Workload) -> str:
    return _images(workload.revisions[0]) if workload.revisions else "—"


def _share(workload: Workload) -> str:
    return f"{workload.available or 0}/{workload.desired}"


def _symptom(workload: Workload, name: str, looks: list[Look], sure: float, what: str) -> Finding:
    return of_workload(workload, name, looks, sure, what).model_copy(update={"symptom": True})
