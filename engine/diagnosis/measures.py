"""Turns observed series into evidence: before against after, since when, and how unusual."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from engine.diagnosis.floors import floor
from engine.diagnosis.roles import ROLES, used_up
from engine.diagnosis.series import FEWEST_BEFORE, Series, Shift, shifts
from engine.diagnosis.silences import nothing
from engine.model import Evidence, Gaps, Observation, Phrase, Quantity, Window

MOST_POINTS = 240
LATE = 4
"""Points in a row that must be missing at the end before the data of a series has ended…"""
LONG = 0.25
"""…and which share of the time after the split they must make up."""
SHARES = frozenset(
    {"error_ratio", "unavailable_ratio", "timeout_ratio", "limited_ratio", "auth_failed_ratio", "availability"}
)
"""What is a share by its name, and is counted in some places: "1.5/s" is none."""


def measure(observations: Sequence[Observation], window: Window) -> list[Evidence]:
    """Evidence of all series, in the order of the observations; ids are still empty."""
    series = [_series(each) for each in observations]
    filled = [(each, one) for each, one in zip(observations, series, strict=True) if len(one.times)]
    judged = iter(shifts([one for _, one in filled], window.split.timestamp()))
    return [
        _evidence(each, one, next(judged), window) if len(one.times) else nothing(each, _signal(each))
        for each, one in zip(observations, series, strict=True)
    ]


def _signal(observation: Observation) -> str:
    return observation.role or observation.kind


def _series(observation: Observation) -> Series:
    points = np.array(observation.points, dtype=np.float64).reshape(-1, 2)
    points = points[np.isfinite(points).all(axis=1)]
    return Series(points[:, 0], points[:, 1], floor(observation.role, observation.unit))


def what(observation: Observation) -> Phrase:
    """The name of what a series measures, of one version where it is split by version."""
    version = observation.labels.get("version")
    if version:
        return Phrase(word="evidence.signal.of_version", values={"what": _named(observation), "version": version[:60]})
    return _named(observation)


def _named(observation: Observation) -> Phrase:
    values: Gaps = {"service": observation.service}
    if observation.peer:
        values["peer"] = observation.peer
    if observation.role not in ROLES and observation.role != "sli":
        values["name"] = observation.role or observation.query[:80]
        return Phrase(word="evidence.signal.other", values=values)
    if observation.role == "dependency_error_ratio" and not observation.peer:
        return Phrase(word="evidence.signal.dependencies_error_ratio", values=values)
    plain = observation.role in SHARES and observation.unit not in ("ratio", "none")
    return Phrase(word=f"evidence.signal.{observation.role}{'_counted' if plain else ''}", values=values)


def _summary(observation: Observation, series: Series, shift: Shift) -> Phrase:
    name, unit = what(observation), observation.unit
    if not shift.abnormal and (last := _ended(observation, series)):
        return Phrase(word="evidence.series.stopped", values={"what": name, "since": last})
    if shift.after is None:
        return Phrase(word="evidence.series.sparse", values={"what": name})
    after = Quantity(value=shift.after, unit=unit)
    if shift.before is None:
        told = shift.abnormal or _runs_out(observation, shift)
        word = "evidence.series.appeared" if told else "evidence.series.no_before"
        return Phrase(word=word, values={"what": name, "after": after})
    before = Quantity(value=shift.before, unit=unit)
    if not shift.abnormal:
        word = "evidence.series.used_up" if _runs_out(observation, shift) else "evidence.series.normal"
        return Phrase(word=word, values={"what": name, "before": before, "after": after})
    word = "evidence.series.rose" if shift.direction == "up" else "evidence.series.fell"
    return Phrase(word=word, values={"what": name, "before": before, "after": after})


def _ended(observation: Observation, series: Series) -> str:
    """When the last point of a series was, where it ended long before what was looked at; "" where it goes on, or where
    it may well end: one version goes, and who is called no more is not measured."""
    window, times = observation.window, series.times
    if observation.labels.get("version") or observation.peer or len(times) < FEWEST_BEFORE:
        return ""
    missing = window.end.timestamp() - float(times[-1])
    longest = max(LATE * _step(series), LONG * (window.end - window.split).total_seconds())
    return datetime.fromtimestamp(float(times[-1]), UTC).isoformat(timespec="seconds") if missing > longest else ""


def _step(series: Series) -> float:
    return float(np.median(np.diff(series.times))) if len(series.times) > 1 else 0.0


def _runs_out(observation: Observation, shift: Shift) -> bool:
    """Whether it is at its limit now and was not before, or may not be there at all."""
    role, unit = observation.role, observation.unit
    standing = role in ROLES and ROLES[role].standing
    return used_up(role, unit, shift.after) and (standing or not used_up(role, unit, shift.before))


def _evidence(observation: Observation, series: Series, shift: Shift, window: Window) -> Evidence:
    unit = observation.unit
    return Evidence(
        id="",
        kind=observation.kind,
        source=observation.source,
        service=observation.service,
        signal=_signal(observation),
        query=observation.query,
        window=observation.window,
        summary=_summary(observation, series, shift),
        abnormal=shift.abnormal or _runs_out(observation, shift),
        peer=observation.peer,
        before=None if shift.before is None else Quantity(value=shift.before, unit=unit),
        after=None if shift.after is None else Quantity(value=shift.after, unit=unit),
        onset=None if shift.onset is None else datetime.fromtimestamp(shift.onset, UTC),
        unusual=shift.unusual,
        count=len(series.times),
        link=observation.link,
        points=_thinned(series),
        details=_details(observation, series, shift, window),
    )


def _details(observation: Observation, series: Series, shift: Shift, window: Window) -> dict[str, Any]:
    """What an independent query needs to arrive at the same figures, and how the series stands now.

    before_is: median of the points t < split. after_is: `max_rolling_median` or `min_rolling_median` over `width`
    neighbouring points t >= split, else `median` of those points.
    """
    extreme = "max_rolling_median" if shift.direction == "up" else "min_rolling_median"
    version = observation.labels.get("version")
    return {
        "before_is": "median" if shift.before is not None else "not_measured",
        "after_is": extreme if shift.abnormal else "median",
        "width": shift.width,
        "split": window.split.timestamp(),
        "step": _step(series),
        "ended": _ended(observation, series),
        "now": shift.now,
        "back": shift.back,
        "direction": shift.direction,
        "used_up": used_up(observation.role, observation.unit, shift.after),
        "since_before_window": shift.onset is not None and shift.onset <= float(series.times[0]),
        "versions": {version: len(series.times)} if version else {},
        "metric": observation.labels.get("__name__", "") if observation.role not in ROLES else "",
        "labels": dict(list(observation.labels.items())[:20]),
    }


def _thinned(series: Series) -> tuple[tuple[float, float], ...]:
    """At most 240 points, evenly picked, the first and the last among them."""
    total = len(series.times)
    picked = np.unique(np.linspace(0, total - 1, min(total, MOST_POINTS)).round().astype(int))
    return tuple(zip(series.times[picked].tolist(), series.values[picked].tolist(), strict=True))
