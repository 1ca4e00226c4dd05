"""Proves that Jobs and CronJobs are read as batch/v1 writes them, and belong to whom they ought to."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from engine.cluster.objects import cluster
from engine.cluster.surroundings import around

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


def cron_job(**spec: Any) -> dict[str, Any]:
    """A CronJob as the API server gives it."""
    template = {"metadata": {"labels": {"app": "billing"}}, "spec": {"restartPolicy": "Never", "containers": []}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": {"name": "nightly", "namespace": "shop", "creationTimestamp": "2026-11-01T00:00:00Z"},
        "spec": {
            "schedule": "0 9 * * *",
            "timeZone": "Etc/UTC",
            "concurrencyPolicy": "Forbid",
            "suspend": False,
            "jobTemplate": {"spec": {"backoffLimit": 2, "template": template}},
            **spec,
        },
        "status": {
            "active": [{"kind": "Job", "name": "nightly-29400540", "namespace": "shop", "apiVersion": "batch/v1"}],
            "lastScheduleTime": "2026-11-20T09:00:00Z",
            "lastSuccessfulTime": "2026-11-19T09:04:00Z",
        },
    }


def job(**status: Any) -> dict[str, Any]:
    """A Job of it that failed as often as it may."""
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "nightly", "controller": True}
    failed = {
        "type": "Failed",
        "status": "True",
        "reason": "BackoffLimitExceeded",
        "message": "Job has reached the specified backoff limit",
        "lastProbeTime": "2026-11-20T09:10:00Z",
        "lastTransitionTime": "2026-11-20T09:10:00Z",
    }
    target = {**failed, "type": "FailureTarget", "lastTransitionTime": "2026-11-20T09:09:58Z"}
    return {
        "metadata": {
            "name": "nightly-29400540",
            "namespace": "shop",
            "creationTimestamp": "2026-11-20T09:00:00Z",
            "ownerReferences": [owner],
            "labels": {"batch.kubernetes.io/job-name": "nightly-29400540"},
        },
        "spec": {"backoffLimit": 2, "completions": 1, "parallelism": 1, "suspend": False, "template": {"spec": {}}},
        "status": {
            "conditions": [target, failed],
            "failed": 3,
            "ready": 0,
            "startTime": "2026-11-20T09:00:00Z",
            "uncountedTerminatedPods": {},
            **status,
        },
    }


def test_a_job_belongs_to_the_service_of_its_schedule_and_says_how_it_ended() -> None:
    read = cluster({"cronjobs": [cron_job()], "jobs": [job()]}, "shop", NOW, {"billing": "bills"})
    (schedule,), (found,) = read.cron_jobs, read.jobs
    assert (schedule.service, schedule.schedule, schedule.last, schedule.succeeded) == (
        "bills",
        "0 9 * * *",
        3600,
        89_760,
    )
    assert (found.service, found.made_by, found.failed, found.limit, found.ended) == ("bills", "nightly", 3, 2, 3000)
    assert (schedule.suspended, schedule.active) == (False, 1)


def test_what_nobody_wrote_is_as_the_platform_has_it() -> None:
    read = cluster({"jobs": [{"metadata": {"name": "once"}, "spec": {}, "status": {}}]}, "shop", NOW)
    (found,) = read.jobs
    assert (found.service, found.made_by, found.limit, found.wanted, found.ended) == ("once", "", 6, 1, None)


def test_jobs_of_others_are_none_of_ours() -> None:
    ours, theirs = cron_job(), cron_job()
    theirs["metadata"] = {**theirs["metadata"], "name": "other"}
    theirs["spec"] = {**theirs["spec"], "jobTemplate": {}}
    pod = {
        "metadata": {
            "name": "nightly-29400540-x",
            "ownerReferences": [{"name": "nightly-29400540", "controller": True}],
        }
    }
    whole = cluster({"cronjobs": [ours, theirs], "jobs": [job()], "pods": [pod]}, "shop", NOW, {"billing": "bills"})
    kept = around(whole, ["bills"])
    assert [each.name for each in kept.cron_jobs] == ["nightly"]
    assert [each.name for each in kept.jobs] == ["nightly-29400540"]
    assert [each.name for each in kept.pods] == ["nightly-29400540-x"]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "spec",
                    "status",
                    "name",
                    "conditions",
                    "ownerReferences",
                    "jobTemplate",
                    "template",
                    "active",
                    "kind",
                    "labels",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(st.lists(JSON.filter(lambda each: isinstance(each, dict)), max_size=3))
def test_nonsense_is_read_as_little(found: list[Any]) -> None:
    read = cluster({"cronjobs": found, "jobs": found}, "shop", NOW)
    assert len(read.jobs) == len(found)
