"""Finds Jobs that failed, and CronJobs that do not run when they should."""

from collections.abc import Iterator

from engine.cluster.facts import Condition, CronJob, Job, Pod
from engine.diagnosis.cluster.finding import Finding, Look, spec, status
from engine.diagnosis.cluster.scene import Scene, began, cut, told

A_DAY = 86_400.0
"""What failed longer ago has nothing to do with now, unless it is what ran last of a schedule."""
FAILED = {"BackoffLimitExceeded": "job_backoff_exceeded", "DeadlineExceeded": "job_deadline_exceeded"}
"""Findings by the reason a Job failed for; any other reason is `job_failed`."""
MISSED = ("MissSchedule", "TooManyMissedTimes")
UNUSABLE = ("UnparseableSchedule", "InvalidSchedule", "UnknownTimeZone")
BESIDE, ALONE = 0.4, 0.8
"""How strong a finding is: of a service that also serves, a Job is a side line, and seldom why requests fail."""
SIDE_LINE = "side_job"


def jobs(scene: Scene) -> Iterator[Finding]:
    """Of each schedule what its newest Job came to, of each other Job what it came to; and schedules that rest."""
    for each in _newest(scene):
        yield from _of_job(scene, each)
    for schedule in scene.cluster.cron_jobs:
        yield from _of_schedule(scene, schedule)


def _newest(scene: Scene) -> list[Job]:
    """Jobs that count: a later run of the same schedule that ended answers an earlier one."""
    found: dict[str, Job] = {}
    for each in sorted(scene.cluster.jobs, key=lambda job: (job.age is None, job.age or 0.0, job.name)):
        if each.made_by and each.active and not _failure(each):
            continue
        found.setdefault(f"CronJob/{each.made_by}" if each.made_by else f"Job/{each.name}", each)
    return list(found.values())


def _failure(job: Job) -> Condition | None:
    return next((each for each in job.conditions if each.type == "Failed" and each.status == "True"), None)


def _of_job(scene: Scene, job: Job) -> Iterator[Finding]:
    failed = _failure(job)
    if failed is None:
        if job.suspended and not job.made_by:
            yield _finding(scene, job.service, f"Job/{job.name}", "job_suspended", [_asked(job)], "", job.age)
        return
    if not job.made_by and (job.ended or 0.0) > A_DAY:
        return
    looks: list[Look] = [status(cut(f"Job {job.name}: {failed.reason} {failed.message}; {job.failed} pods failed"))]
    looks += [spec(f"Job {job.name}: backoffLimit {job.limit}")] if failed.reason == "BackoffLimitExceeded" else []
    if failed.reason == "DeadlineExceeded" and job.deadline is not None:
        looks.append(spec(f"Job {job.name}: activeDeadlineSeconds {job.deadline}"))
    looks += [told(each) for each in scene.events("Job", job.name)[:1]]
    ends = [end for pod in scene.cluster.pods if pod.owner == job.name for end in _ends(pod)]
    looks += [status(cut(f"pod {pod}: {how}")) for pod, how in ends[:2]]
    what = ends[0][1] if ends else failed.reason
    name = FAILED.get(failed.reason, "job_failed")
    yield _finding(scene, job.service, f"Job/{job.name}", name, looks, what, job.ended)


def _ends(pod: Pod) -> Iterator[tuple[str, str]]:
    """How containers of a Job's pod ended, where they did not end well."""
    for each in pod.containers:
        if each.state == "terminated" and each.exit_code:
            yield pod.name, f"{each.reason or 'Error'}, exit {each.exit_code}"
        elif each.last_exit:
            yield pod.name, f"{each.last_reason or 'Error'}, exit {each.last_exit}"


def _asked(job: Job) -> Look:
    return spec(f"Job {job.name}: suspend true")


def _of_schedule(scene: Scene, schedule: CronJob) -> Iterator[Finding]:
    place, last = f"CronJob/{schedule.name}", _ago(schedule.last)
    if schedule.suspended:
        looks = [spec(f"CronJob {schedule.name}: suspend true"), status(f"CronJob {schedule.name}: last run {last}")]
        yield _finding(scene, schedule.service, place, "cron_job_suspended", looks, schedule.name)
        return
    for name, reasons in (("cron_job_missed", MISSED), ("cron_job_unusable", UNUSABLE)):
        events = scene.events("CronJob", schedule.name, *reasons)
        # What was missed before the newest run is history.
        fresh = [each for each in events if schedule.last is None or each.last is None or each.last < schedule.last]
        if fresh:
            asked = cut(f"CronJob {schedule.name}: schedule {schedule.schedule} {schedule.zone}".rstrip())
            looks = [told(fresh[0]), spec(asked), status(f"CronJob {schedule.name}: last run {last}")]
            yield _finding(scene, schedule.service, place, name, looks, schedule.name, began(fresh))


def _ago(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 60:.0f} min ago"


def _finding(
    scene: Scene, service: str, place: str, name: str, looks: list[Look], what: str, since: float | None = None
) -> Finding:
    if any(each.service == service for each in scene.cluster.workloads):
        name, sure, what = SIDE_LINE, BESIDE, f"{place} {what}".rstrip()
    else:
        sure = ALONE
    return Finding(
        name=name,
        service=service,
        object=place,
        blamed=service,
        seen=tuple(looks),
        strength=sure,
        what=what,
        since=since,
    )
