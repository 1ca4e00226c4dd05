"""Turns changes of the world and the state of platforms into evidence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from engine.diagnosis.blame import Blame, Seen, blame
from engine.diagnosis.families import called
from engine.diagnosis.silences import nothing
from engine.model import Change, Evidence, Gaps, Observation, Phrase, Quantity, Window

BAD_REASONS = frozenset(
    {"oomkilled", "crashloopbackoff", "error", "evicted", "imagepullbackoff", "errimagepull", "failed", "unhealthy"}
    | {"degraded", "missing", "syncfailed"}
)
KINDS = frozenset(
    (
        "restart",
        "deploy",
        "rollback",
        "canary",
        "config",
        "flag",
        "scale",
        "sync",
        "merge",
        "release",
        "migration",
        "commit",
    )
)
"""Kinds of changes that have a word in every language; any other stays as its source calls it."""
MOST_CHANGES = 6
OLDEST = timedelta(days=1)
LONGEST_DIFF, MOST_FILES = 4000, 50


@dataclass(frozen=True)
class Scrutiny:
    """What changes are held against: since when the trouble is, `slack` seconds of sampling by which that may be dated
    too early, what is seen by service, and the words that many changes have in common."""

    onset: datetime | None = None
    slack: float = 0.0
    seen: Mapping[str, Seen] = field(default_factory=dict)
    frequent: frozenset[str] = frozenset()


def changed(observation: Observation, window: Window, scrutiny: Scrutiny) -> list[Evidence]:
    """Evidence of the changes of one answer within the window, or that there was none: those to which most points
    first. An older one counts where more than its moment points to it: some troubles take their time."""
    told = [
        (
            each,
            blame(
                each.model_copy(update={"service": each.service or observation.service}),
                scrutiny.seen,
                scrutiny.frequent,
            ),
        )
        for each in observation.changes
        if each.at <= window.end
    ]
    counted = [
        (change, found)
        for change, found in told
        if change.at >= window.start or (found.implicated and window.start - change.at <= OLDEST)
    ]
    if not counted:
        return [_none(observation)]
    counted.sort(key=lambda pair: (pair[1].score, pair[0].at, pair[0].id), reverse=True)
    return [_change(observation, change, found, scrutiny) for change, found in counted[:MOST_CHANGES]]


def _none(observation: Observation) -> Evidence:
    """An explicit "nothing was changed", which speaks against every release to blame."""
    empty = nothing(observation, "change")
    values = {**empty.summary.values, "service": observation.service, "older": len(observation.changes)}
    word = "evidence.change.only_older" if observation.changes else "evidence.change.none"
    return empty.model_copy(update={"summary": Phrase(word=word, values=values)})


def _change(observation: Observation, change: Change, found: Blame, scrutiny: Scrutiny) -> Evidence:
    seconds = None if scrutiny.onset is None else (scrutiny.onset - change.at).total_seconds()
    precedes = seconds is not None and seconds >= -scrutiny.slack
    values: Gaps = {
        "service": change.service or observation.service,
        "kind": Phrase(word=f"change_kind.{change.kind}") if change.kind in KINDS else change.kind,
        "version": called(change),
        "previous": change.previous_version or "—",
        "at": change.at.isoformat(timespec="seconds"),
    }
    if seconds is None:
        word = "evidence.change.seen"
    else:
        word = "evidence.change.before" if precedes else "evidence.change.after"
        values["offset"] = Quantity(value=abs(seconds), unit="seconds")
        if precedes and found.implicated:
            word, values["touched"] = "evidence.change.touching", ", ".join(found.touched)
    summary = Phrase(word=word, values=values)
    if change.witnesses:
        sources = ", ".join(each.source for each in change.witnesses)
        summary = Phrase(word="evidence.change.by_several", values={"what": summary, "sources": sources})
    return Evidence(
        id="",
        kind="change",
        source=observation.source,
        service=change.service or observation.service,
        signal="change",
        query=observation.query,
        window=observation.window,
        summary=summary,
        abnormal=precedes,
        onset=change.at,
        unusual=found.score,
        count=1,
        link=change.link or observation.link,
        change=change.model_copy(update={"diff": change.diff[:LONGEST_DIFF], "files": change.files[:MOST_FILES]}),
        details={
            "seconds_before_onset": seconds,
            "precedes": precedes,
            "implicated": found.implicated,
            "idle": found.idle,
            "known": found.known,
            "touched": list(found.touched),
        },
    )


def stands(observation: Observation) -> list[Evidence]:
    """Evidence of a platform's state: too few ready, restarts for a bad reason, not reachable."""
    state = observation.state
    if not state:
        return [nothing(observation, "state")]
    troubles = _troubles(state)
    values: Gaps = {"service": observation.service}
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
