"""Turns changes of the world and the state of platforms into evidence."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.diagnosis.silences import nothing
from engine.model import Change, Evidence, Observation, Phrase, Quantity, Window

BAD_REASONS = frozenset(
    {"oomkilled", "crashloopbackoff", "error", "evicted", "imagepullbackoff", "errimagepull", "failed", "unhealthy"}
    | {"degraded", "missing", "syncfailed"}
)
MOST_CHANGES = 6


def changed(observation: Observation, window: Window, onset: datetime | None, slack: float) -> list[Evidence]:
    """Evidence of the changes of one answer within the window, or that there was none.

    `onset` is when the trouble began, `slack` seconds of sampling by which it may be dated too early.
    """
    inside = [each for each in observation.changes if window.start <= each.at <= window.end]
    if not inside:
        return [_none(observation)]
    newest = sorted(inside, key=lambda each: (each.at, each.id), reverse=True)[:MOST_CHANGES]
    return [_change(observation, each, onset, slack) for each in newest]


def _none(observation: Observation) -> Evidence:
    """An explicit "nothing was changed", which speaks against every release to blame."""
    empty = nothing(observation, "change")
    values = {**empty.summary.values, "service": observation.service, "older": len(observation.changes)}
    return empty.model_copy(update={"summary": Phrase(word="evidence.change.none", values=values)})


def _change(observation: Observation, change: Change, onset: datetime | None, slack: float) -> Evidence:
    seconds = None if onset is None else (onset - change.at).total_seconds()
    precedes = seconds is not None and seconds >= -slack
    values: dict[str, str | int | float | Quantity | Phrase] = {
        "service": change.service or observation.service,
        "kind": change.kind,
        "version": change.version or change.note[:60] or change.id,
        "previous": change.previous_version or "—",
        "at": f"{change.at:%H:%M:%S} UTC",
    }
    if seconds is None:
        word = "evidence.change.seen"
    else:
        word = "evidence.change.before" if precedes else "evidence.change.after"
        values["offset"] = Quantity(value=abs(seconds), unit="seconds")
    return Evidence(
        id="",
        kind="change",
        source=observation.source,
        service=change.service or observation.service,
        signal="change",
        query=observation.query,
        window=observation.window,
        summary=Phrase(word=word, values=values),
        abnormal=precedes,
        onset=change.at,
        count=1,
        link=observation.link,
        change=change,
        details={"seconds_before_onset": seconds, "precedes": precedes},
    )


def stands(observation: Observation) -> list[Evidence]:
    """Evidence of a platform's state: too few ready, restarts for a bad reason, not reachable."""
    state = observation.state
    if not state:
        return [nothing(observation, "state")]
    troubles = _troubles(state)
    values: dict[str, str | int | float | Quantity | Phrase] = {"service": observation.service}
    if troubles:
        values["troubles"] = ", ".join(troubles)
    return [
        nothing(observation, "state").model_copy(
            update={
                "abnormal": bool(troubles),
                "unusual": float(len(troubles)),
                "count": 1,
                "summary": Phrase(word="evidence.state.bad" if troubles else "evidence.state.good", values=values),
                "details": {"state": _bounded(state), "troubles": troubles},
            }
        )
    ]


def _troubles(state: Mapping[str, Any]) -> list[str]:
    """What is wrong, as short facts in the platform's own words ("ready 1/2", "OOMKilled")."""
    found = []
    ready, wanted = state.get("ready"), state.get("desired", state.get("replicas"))
    if isinstance(ready, int) and isinstance(wanted, int) and ready < wanted:
        found.append(f"ready {ready}/{wanted}")
    if state.get("up") is False or state.get("healthy") is False:
        found.append("down")
    reasons = state.get("reasons", state.get("reason", ()))
    listed: Sequence[object] = [reasons] if isinstance(reasons, str) else list(reasons or ())
    found += [str(reason)[:40] for reason in listed if str(reason).lower() in BAD_REASONS]
    return found


def _bounded(state: Mapping[str, Any]) -> dict[str, str]:
    return {str(key)[:60]: str(value)[:200] for key, value in list(state.items())[:20]}
