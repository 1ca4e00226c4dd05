"""Reads Jobs and CronJobs, from the JSON of the Kubernetes API."""

from collections.abc import Mapping
from datetime import datetime

from engine.cluster.facts import Condition, CronJob, Job, Labels
from engine.cluster.values import Raw, ago, labels, number, rows, table, text, word

NAME_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/instance")
LIMIT = 6
"""How often a Job's pods may fail where nobody says."""


def called(name: str, with_labels: Mapping[str, str], known: Mapping[str, str]) -> str:
    """What people call a workload: as the catalogue does by its name or a usual label, else by its own name."""
    candidates = (name, *(with_labels[label] for label in NAME_LABELS if label in with_labels))
    return next((known[each] for each in candidates if each in known), name)


def conditions(value: object) -> tuple[Condition, ...]:
    """The conditions of an object."""
    return tuple(
        Condition(
            type=word(each.get("type")),
            status=word(each.get("status")),
            reason=word(each.get("reason")),
            message=text(each.get("message")),
        )
        for each in rows(value)
    )


def cron_job(raw: Raw, now: datetime, known: Mapping[str, str]) -> CronJob:
    """A CronJob."""
    meta, spec, status = table(raw.get("metadata")), table(raw.get("spec")), table(raw.get("status"))
    name = word(meta.get("name"))
    made = table(spec.get("jobTemplate"))
    return CronJob(
        name=name,
        service=called(name, {**_of_pods(table(made.get("spec"))), **labels(meta.get("labels"))}, known),
        schedule=word(spec.get("schedule")),
        zone=word(spec.get("timeZone")),
        suspended=spec.get("suspend") is True,
        active=len(rows(status.get("active"))),
        last=ago(status.get("lastScheduleTime"), now),
        succeeded=ago(status.get("lastSuccessfulTime"), now),
        age=ago(meta.get("creationTimestamp"), now),
    )


def job(raw: Raw, now: datetime, known: Mapping[str, str], of: Mapping[str, CronJob]) -> Job:
    """A Job; `of` are the CronJobs by name, whose service it shares where one of them made it."""
    meta, spec, status = table(raw.get("metadata")), table(raw.get("spec")), table(raw.get("status"))
    name = word(meta.get("name"))
    owner = next((each for each in rows(meta.get("ownerReferences")) if word(each.get("kind")) == "CronJob"), {})
    made_by = word(owner.get("name"))
    own = called(name, {**_of_pods(spec), **labels(meta.get("labels"))}, known)
    ends = [each for each in rows(status.get("conditions")) if word(each.get("type")) in ("Failed", "Complete")]
    limit = number(spec.get("backoffLimit"))
    return Job(
        name=name,
        service=of[made_by].service if made_by in of else own,
        made_by=made_by,
        wanted=number(spec.get("completions")) or 1,
        succeeded=number(status.get("succeeded")) or 0,
        failed=number(status.get("failed")) or 0,
        active=number(status.get("active")) or 0,
        limit=LIMIT if limit is None else limit,
        deadline=number(spec.get("activeDeadlineSeconds")),
        suspended=spec.get("suspend") is True,
        conditions=conditions(status.get("conditions")),
        age=ago(meta.get("creationTimestamp"), now),
        ended=next((at for each in ends if (at := ago(each.get("lastTransitionTime"), now)) is not None), None),
    )


def _of_pods(spec: Raw) -> Labels:
    """The labels of the pods a Job makes."""
    return labels(table(table(spec.get("template")).get("metadata")).get("labels"))
