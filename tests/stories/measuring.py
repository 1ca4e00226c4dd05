"""Measures the demo world anew, by its own APIs and the definitions that stand beside each figure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from aiohttp import ClientSession

from bot.demo.launch import WorldAddresses
from bot.showcase import TEMPO
from engine.model import Evidence, Recovery, RecoverySignal, Window
from engine.recovery import WINDOWS

Points = list[tuple[float, float]]


async def series(
    session: ClientSession, addresses: WorldAddresses, query: str, start: datetime, end: datetime, step: float = 1.0
) -> list[tuple[dict[str, str], Points]]:
    """`query_range` of this query: labels and points (unix seconds, value) of each series."""
    form = {"query": query, "start": _unix(start), "end": _unix(end), "step": f"{step:g}"}
    async with session.post(f"{addresses.prometheus}/api/v1/query_range", data=form) as answer:
        body = await answer.json()
    assert body["status"] == "success", body
    found = []
    for one in body["data"]["result"]:
        points = [(float(at), float(value)) for at, value in one["values"]]
        found.append((one["metric"], [(at, value) for at, value in points if value == value]))
    return found


async def points_of(session: ClientSession, addresses: WorldAddresses, evidence: Evidence) -> Points:
    """The series behind a piece of evidence, asked for anew with its own query, window and step."""
    window = evidence.window
    found = await series(session, addresses, evidence.query, window.start, window.end, evidence.details["step"] or 1.0)
    wanted = evidence.details["labels"].items()
    fitting = [points for labels, points in found if wanted <= labels.items()]
    assert len(fitting) == 1, (evidence.id, evidence.query, [labels for labels, _ in found])
    return fitting[0]


def before_of(points: Points, evidence: Evidence) -> float | None:
    """The figure before, by the definition in `details`: the median of what was before the split, or not measured."""
    early = [value for at, value in points if at < evidence.details["split"]]
    return median(early) if evidence.details["before_is"] == "median" and early else None


def after_of(points: Points, evidence: Evidence) -> float:
    """The figure after, by the definition in `details`: a median, or the extreme of medians of neighbours."""
    details = evidence.details
    late = [value for at, value in points if at >= details["split"]]
    if details["after_is"] == "median":
        return median(late)
    width = min(details["width"], len(late))
    rolling = [median(late[place : place + width]) for place in range(len(late) - width + 1)]
    return max(rolling) if details["after_is"] == "max_rolling_median" else min(rolling)


async def lines(session: ClientSession, addresses: WorldAddresses, query: str, window: Window) -> list[tuple[int, str]]:
    """Log lines of this query: (nanoseconds, line)."""
    form = {"query": query, "start": _nanos(window.start), "end": _nanos(window.end), "limit": "5000"}
    async with session.get(f"{addresses.loki}/loki/api/v1/query_range", params=form) as answer:
        body = await answer.json()
    return sorted((int(at), line) for stream in body["data"]["result"] for at, line in stream["values"])


async def state(session: ClientSession, addresses: WorldAddresses, service: str) -> dict[str, Any]:
    """What the release platform says of a service now."""
    async with session.get(f"{addresses.releases}/state/{service}") as answer:
        found: dict[str, Any] = await answer.json()
    return found


async def recovered(
    session: ClientSession, addresses: WorldAddresses, signal: RecoverySignal, start: datetime, look: "Look"
) -> float:
    """A recovery figure anew: the median of the points of the last four beats before the verdict."""
    found = await series(session, addresses, signal.query, start, look.until)
    assert len(found) == 1, signal
    first, last = look.since.timestamp(), look.until.timestamp()
    return median(value for at, value in found[0][1] if first <= at <= last)


class Look:
    """The stretch of time a recovery was measured over."""

    def __init__(self, recovery: Recovery, executed_at: datetime) -> None:
        self.until = executed_at + timedelta(seconds=recovery.seconds)
        self.since = max(executed_at, self.until - timedelta(seconds=WINDOWS * TEMPO.verify_every))


def digits_aside(texts: Sequence[str]) -> set[str]:
    """What lines say, without the numbers in them."""
    return {"".join("#" if letter.isdigit() else letter for letter in text).replace("##", "#") for text in texts}


def _unix(at: datetime) -> str:
    return f"{at.timestamp():.3f}"


def _nanos(at: datetime) -> str:
    return str(int(at.astimezone(UTC).timestamp() * 1e6) * 1_000)
