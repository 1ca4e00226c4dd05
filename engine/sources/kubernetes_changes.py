"""Turns rollout histories into changes: what was rolled out, back or out again, when, and with which image."""

from collections.abc import Iterator
from datetime import datetime

from engine.cluster.facts import Revision, Workload
from engine.model import Change, Window

MOST_CHANGES = 10


def changes(workload: Workload, window: Window) -> tuple[Change, ...]:
    """The rollouts of a workload within a window, oldest first."""
    inside = [each for each in _rollouts(workload) if window.start <= each.at <= window.end]
    return tuple(sorted(inside, key=lambda each: each.at)[-MOST_CHANGES:])


def _rollouts(workload: Workload) -> Iterator[Change]:
    """Each revision with the one before it. A revision that was there before comes back under a new number: its age is
    that of its first time, so when it came back only the template's own record tells."""
    ordered = sorted(workload.revisions, key=lambda each: each.number)
    for place, each in enumerate(ordered):
        before = ordered[place - 1] if place else None
        at, back = each.at, before is not None and each.at is not None and before.at is not None and each.at < before.at
        if back:
            at = workload.changed_at if place == len(ordered) - 1 else None
        if at is not None:
            yield _change(workload, each, before, at, back=back, newest=place == len(ordered) - 1)


def _change(
    workload: Workload, revision: Revision, before: Revision | None, at: datetime, *, back: bool, newest: bool
) -> Change:
    version, previous = _versions(revision, before)
    return Change(
        id=f"{workload.kind.lower()}/{workload.name}@{revision.number}",
        service=workload.service,
        kind=_kind(revision, before, back=back),
        at=at,
        version=version,
        previous_version=previous,
        by=workload.changed_by if newest else "",
        note=revision.cause,
        naming="image",
    )


def _kind(revision: Revision, before: Revision | None, *, back: bool) -> str:
    if back:
        return "rollback"
    if before is None or revision.images != before.images:
        return "deploy"
    return "restart" if revision.restarted != before.restarted else "config"


def _versions(revision: Revision, before: Revision | None) -> tuple[str, str]:
    """What differs between two revisions' images, as short as it tells: tags, else whole images."""
    old = before.images if before else ()
    pairs = [(new, was) for new, was in zip(revision.images, old, strict=False) if new != was] or [
        (new, was) for new, was in zip(revision.images[:1], (*old, "")[:1], strict=False)
    ]
    same = all(_repository(new) == _repository(was) or not was for new, was in pairs)
    shown = [(_tag(new), _tag(was)) if same else (new, was) for new, was in pairs]
    return ", ".join(new for new, _ in shown)[:200], ", ".join(was for _, was in shown if was)[:200]


def _repository(image: str) -> str:
    head, _, tail = image.partition("@")[0].rpartition("/")
    return f"{head}/{tail.partition(':')[0]}"


def _tag(image: str) -> str:
    """`registry:5000/shop/till:1.8.0` → `1.8.0`; of a digest its first letters; an image without either is itself."""
    name, _, digest = image.partition("@")
    tag = name.rpartition("/")[2].partition(":")[2]
    return tag or digest[:19] or image
