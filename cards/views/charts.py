"""Turns what was measured into charts: what is usual and what was promised beside it, deploys and onset marked."""

import math
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cards.model import Band, Chart, Limit, Mark, Tone
from cards.views.scene import Scene, unit_of
from cards.words import SIZES, Words
from engine.model import Change, Evidence, Quantity, Unit, Window
from engine.sources.expression import expression_of, threshold_of
from engine.team import Objective

Points = Sequence[tuple[float, float]]

FEWEST = 8
"""Points from which a usual range can be told."""
RANGE = (0.05, 0.95)
"""What counts as usual: where the series was nine tenths of the time."""
MOST_MARKS = 6
MOST_OF_VERSION = 32
LONGEST_NAME = 44
SAME = timedelta(seconds=2)
"""The same change told by two sources: within these of each other."""
FAULTS = frozenset({"error_ratio", "unavailable_ratio", "timeout_ratio", "limited_ratio"})
"""What an objective for errors speaks of."""
CHANGES: dict[str, Tone] = {"rollback": "good", "restart": "info"}
"""Tones of changes; all others are suspects."""
RESTARTS = frozenset({"restarts", "oom_kills", "crash_loop"})
"""Signals of a platform that say by their onset when something was started anew."""


def charts(scene: Scene, items: Iterable[Evidence]) -> tuple[Chart, ...]:
    """The series behind these findings."""
    return tuple(_of_evidence(scene, item) for item in items if len(item.points) > 1)


def chart(
    title: str,
    points: Points,
    unit: Unit,
    words: Words,
    window: Window,
    *,
    onset: datetime | None = None,
    limit: Limit | None = None,
    marks: Iterable[Mark] = (),
) -> Chart:
    """A series in the unit a person reads. What is usual is taken from before the window's split, and before the onset
    where that is earlier; `limit` is in `unit`."""
    kept = [(at, value) for at, value in points if math.isfinite(at) and math.isfinite(value)]
    factor, shown = _scale(kept, unit)
    slack = timedelta(seconds=1)
    return Chart(
        title=title,
        points=tuple((at, value * factor) for at, value in kept),
        unit=shown,
        marks=tuple(mark for mark in marks if window.start - slack <= mark.at <= window.end + slack),
        split=onset or window.split,
        band=_band(kept, unit, factor, min(window.split, onset or window.split), words),
        limit=Limit(limit.value * factor, limit.text) if limit else None,
        start=window.start,
        end=window.end,
    )


def promise(objective: Objective | None, role: str, words: Words) -> Limit | None:
    """What the service promises of such a series; None where it promises nothing of the kind."""
    if objective is None:
        return None
    value = objective.error_ratio if role in FAULTS else objective.latency_p95 if role == "latency_p95" else 0.0
    if value <= 0:
        return None
    unit: Unit = "seconds" if role == "latency_p95" else "ratio"
    return Limit(value, words.text("chart.promise", value=Quantity(value=value, unit=unit)))


def change_mark(change: Change, service: str, words: Words) -> Mark:
    """A change of the world on a chart of this service."""
    word = f"change_kind.{change.kind}"
    kind = words.text(word) if words.has(word) else change.kind
    version = change.version[:MOST_OF_VERSION]
    text = words.text("chart.change", kind=kind, version=version) if version else kind
    if change.service and change.service != service:
        text = words.text("chart.of_service", what=text, service=change.service)
    return Mark(change.at, text, CHANGES.get(change.kind, "warning"))


def _of_evidence(scene: Scene, item: Evidence) -> Chart:
    name = scene.named("signal", item.signal)
    where = " → ".join(_short(each) for each in (item.service, item.peer) if each)
    return chart(
        f"{name} · {where} [{item.id}]",
        item.points,
        unit_of(item),
        scene.words,
        item.window,
        onset=item.onset,
        limit=_limit(scene, item),
        marks=_marks(scene, item),
    )


def _short(name: str) -> str:
    """A long name without its middle: how it ends tells more than what stands between."""
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 17]}…{name[-16:]}"


def _limit(scene: Scene, item: Evidence) -> Limit | None:
    """What the alert fires from, on a chart of what it watches; else what the service promises."""
    alert = scene.incident.alert
    if item.signal == "sli" and alert is not None:
        threshold = threshold_of(expression_of(alert.generator_url))
        if threshold is None:
            return None
        figure = Quantity(value=threshold.value, unit=unit_of(item))
        return Limit(threshold.value, scene.text("chart.threshold", sign=threshold.sign, value=figure))
    service = scene.team.services.get(item.service)
    return promise(service.objective if service else None, item.signal, scene.words)


def _marks(scene: Scene, item: Evidence) -> tuple[Mark, ...]:
    """Onset and our own changes, and of all others those that stand nearest to the onset; in order of time."""
    sure = [Mark(item.onset, scene.text("chart.onset"), "bad")] if item.onset else []
    sure += [
        Mark(proposal.execution.receipt.at, scene.named("operation", proposal.plan.operation), "good")
        for proposal in scene.incident.proposals.values()
        if proposal.execution and proposal.execution.receipt
    ]
    changes = [
        (each.service, change_mark(each.change, item.service, scene.words)) for each in scene.evidence if each.change
    ]
    restarts = [
        (each.service, _restart(scene, each, item.service)) for each in scene.evidence if each.signal in RESTARTS
    ]
    others = [(service, mark) for service, mark in (*changes, *restarts) if mark]
    anchor = item.onset or item.window.split
    others.sort(key=lambda pair: (pair[0] != item.service, abs(pair[1].at - anchor)))
    kept = [mark for _, mark in others][: max(MOST_MARKS - len(sure), 0)]
    return _once(sorted((*sure, *kept), key=lambda mark: mark.at))


def _restart(scene: Scene, each: Evidence, service: str) -> Mark | None:
    if each.onset is None:
        return None
    text = scene.text("chart.restart")
    text = text if each.service == service else scene.text("chart.of_service", what=text, service=each.service)
    return Mark(each.onset, text, CHANGES["restart"])


def _once(marks: Sequence[Mark]) -> tuple[Mark, ...]:
    """Marks that say the same of the same moment, once."""
    again = {
        later for earlier, later in pairwise(marks) if earlier.text == later.text and later.at - earlier.at <= SAME
    }
    return tuple(mark for mark in dict.fromkeys(marks) if mark not in again)


def _band(points: Points, unit: Unit, factor: float, until: datetime, words: Words) -> Band | None:
    """The range in which the series was nearly always before; None where too little was measured to say so."""
    calm = sorted(value for at, value in points if at < until.timestamp())
    if len(calm) < FEWEST:
        return None
    low, high = (_quantile(calm, share) for share in RANGE)
    least, most = (words.quantity(Quantity(value=value, unit=unit)) for value in (low, high))
    word = "chart.usual_at" if least == most else "chart.usual"
    return Band(low * factor, high * factor, words.text(word, low=least, high=most))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    low, rest = ordered[math.floor(place)], place - math.floor(place)
    return low * (1 - rest) + ordered[math.ceil(place)] * rest


def _scale(points: Points, unit: Unit) -> tuple[float, str]:
    """What to multiply values by, and the unit they then have: shares as %, short times as ms, sizes as they read."""
    largest = max((abs(value) for _, value in points), default=0.0)
    match unit:
        case "ratio":
            return 100.0, "%"
        case "seconds":
            return (1000.0, "ms") if 0 < largest < 1 else (1.0, "s")
        case "per_second":
            return 1.0, "/s"
        case "bytes":
            size, name = next((each for each in SIZES if largest >= each[0]), (1.0, "B"))
            return 1.0 / size, name
        case "count" | "connections" | "none":
            return 1.0, ""
