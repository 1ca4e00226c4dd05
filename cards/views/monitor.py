"""Draws how a service does right now: its figures against what it promises, their course, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from cards.model import Block, Button, Buttons, Card, Chart, Facts, Fold, Link, Log, Prose, Tone
from cards.views import vitals
from cards.views.availability import Availability, availability, told
from cards.views.catalogue import promised
from cards.views.charts import change_mark, chart, promise
from cards.views.listing import state
from cards.words import Words
from engine.diagnosis.witnesses import united
from engine.incident import Incident
from engine.model import Change, Evidence, LogLine, Observation, Quantity, Silence, Unit, Window
from engine.team import Service
from engine.topology import in_spans

MOST_LINES = 6
MOST_MARKS = 4
MOST_INCIDENTS = 4
SHORT = 240
"""Characters of one log line."""
UNITS: Mapping[str, Unit] = {"traffic": "per_second", "latency_p95": "seconds"}
"""Every other figure is a ratio."""
STATUS_CODES = ("unavailable_ratio", "timeout_ratio", "limited_ratio")
MOST_NAMED = 8
CHARTS = ("error_ratio", "latency_p95", "traffic")


@dataclass(frozen=True)
class Live:
    """What was asked of a service: by role the figure now with its series, the figure before, everything that was seen,
    how what was told of it is judged, who stayed silent, the open incidents about it, and who calls it. `asked`:
    whether there is any source at all; `until` when the card is drawn anew by itself."""

    ROLES: ClassVar = (
        "traffic",
        "error_ratio",
        "unavailable_ratio",
        "timeout_ratio",
        "limited_ratio",
        "latency_p95",
        "availability",
        "pool_use",
    )

    service: Service
    window: Window
    figures: Mapping[str, tuple[float | None, Observation | None]]
    before: Mapping[str, float | None]
    seen: tuple[Observation, ...]
    signs: tuple[Evidence, ...]
    silent: tuple[Silence, ...]
    incidents: tuple[Incident, ...]
    asked: bool = True
    callers: tuple[str, ...] = ()
    until: datetime | None = None

    def now(self, role: str) -> float | None:
        """The figure of the newest minutes."""
        return self.figures[role][0] if role in self.figures else None

    @property
    def available(self) -> Availability | None:
        """How available it was over the window, where it promises that."""
        errors, traffic, instances = (
            self.figures[role][1] if role in self.figures else None
            for role in ("error_ratio", "traffic", "availability")
        )
        return availability(self.service.objective.availability, errors, traffic, instances)

    @property
    def changes(self) -> tuple[Change, ...]:
        """Changes inside the window, newest first, each once however many sources tell of it."""
        return tuple(sorted((c for o in united(self.seen) for c in o.changes), key=lambda c: c.at, reverse=True))

    @property
    def complaints(self) -> tuple[LogLine, ...]:
        """What the service complained about in the newest minutes."""
        return tuple(line for o in self.seen for line in o.lines if line.at >= self.window.split)

    @property
    def callees(self) -> Mapping[str, int]:
        """Whom traces show the service calling, with how often."""
        calls = in_spans(span for o in self.seen for span in o.spans)
        return {call.callee: n for call, n in calls.items() if call.caller == self.service.name}

    @property
    def failing_traces(self) -> int:
        """Traces of the newest minutes in which a span failed."""
        spans = (span for o in self.seen for span in o.spans if span.start >= self.window.split)
        return len({span.trace_id for span in spans if span.error})


def monitor(live: Live, words: Words) -> Card:
    """The live card."""
    verdict = _verdict(live)
    title = words.text("monitor_card.title", service=live.service.name, verdict=words.text(f"monitor_card.{verdict}"))
    blocks: list[Block] = [Prose(_as_of(live, words), quiet=True), *_promise(live, words)]
    if not live.asked:
        blocks.append(Prose(words.text("evidence_card.no_source"), strong=True))
    blocks += [_facts(live, words), *vitals.signs(live.seen, live.signs, words)]
    blocks += [*_charts(live, words), *_complaints(live, words)]
    for silence in live.silent:
        blocks.append(Prose(words.text("evidence_card.silent", source=silence.source, reason=silence.reason)))
    refresh = Button("monitor", words.text("button.refresh"), {"service": live.service.name})
    links = tuple(Link(each.id, f"/incidents/{each.id}") for each in live.incidents[:MOST_INCIDENTS])
    blocks += vitals.answered(live.seen, words)
    blocks.append(Buttons((refresh, *vitals.ways_on(live.service, words), *_source_link(live, words), *links)))
    summary = f"{title} · {_in_a_line(live, words)}"
    return Card(title, summary, tone=TONES[verdict], blocks=tuple(blocks), language=words.language)


TONES: Mapping[str, Tone] = {
    "broken": "bad",
    "slow": "warning",
    "unavailable": "warning",
    "unwell": "bad",
    "open": "warning",
    "well": "good",
    "unknown": "neutral",
}


def _verdict(live: Live) -> str:
    """Worse, slower or less available than promised, an incident open, well, or nobody knows."""
    promise, errors, latency = live.service.objective, live.now("error_ratio"), live.now("latency_p95")
    if errors is not None and errors > promise.error_ratio:
        return "broken"
    if latency is not None and promise.latency_p95 and latency > promise.latency_p95:
        return "slow"
    if live.available is not None and not live.available.kept:
        return "unavailable"
    if live.incidents:
        return "open"
    well = vitals.says_well(live.signs)
    if well is False:
        return "unwell"
    measured = (errors, latency, well, live.available)
    return "unknown" if all(each is None for each in measured) else "well"


def _as_of(live: Live, words: Words) -> str:
    minutes = words.duration((live.window.end - live.window.start).total_seconds())
    said = words.text("monitor_card.as_of", at=words.moment(live.window.end), window=minutes)
    fresh = words.text("monitor_card.fresh", until=words.clock(live.until)) if live.until else ""
    return words.text("list.space").join(part for part in (said, fresh or words.text("monitor_card.press")) if part)


def _promise(live: Live, words: Words) -> tuple[Prose, ...]:
    said = words.text("monitor_card.promise", promise=promised(live.service.objective, words))
    found = live.available
    kept = (Prose(told(found, live.window, words), quiet=found.kept),) if found else ()
    return (Prose(said, quiet=True), *kept)


def _facts(live: Live, words: Words) -> Facts:
    pairs = [(words.text(f"signal.{role}"), _figure(live, role, words)) for role in Live.ROLES if _counts(live, role)]
    pairs += vitals.own_signals(live.service, live.seen, live.window, words)
    pairs += [*vitals.health(live.signs, words), *vitals.deployment(live.seen, words)]
    pairs += vitals.calls(live.service, live.seen, live.callees, live.window, words)
    if live.callers:
        pairs.append((words.text("vitals.callers"), words.text("list.comma").join(live.callers[:MOST_NAMED])))
    change = live.changes[0] if live.changes else None
    if change:
        what = " ".join(part for part in (change.kind, change.version) if part)
        pairs.append((words.text("column.last_change"), f"{what} · {words.moment(change.at)}"))
    if any(o.kind == "log" for o in live.seen):
        pairs.append((words.text("monitor_card.complaints"), str(len(live.complaints))))
    if any(o.kind == "trace" for o in live.seen):
        pairs.append((words.text("monitor_card.failing_traces"), str(live.failing_traces)))
    pairs += [(each.id, f"{each.severity} · {state(each, words)}") for each in live.incidents[:MOST_INCIDENTS]]
    return Facts(tuple((name, value) for name, value in pairs if value))


def _counts(live: Live, role: str) -> bool:
    """Whether a figure is worth a line: of the status codes only those that come, or came, at all."""
    if role not in STATUS_CODES:
        return True
    return any((value or 0.0) > 0 for value in (live.now(role), live.before.get(role)))


def _figure(live: Live, role: str, words: Words) -> str:
    """A figure now with what it was before; "" where it is not measured."""
    now, before = live.now(role), live.before.get(role)
    if now is None:
        return ""
    unit = UNITS.get(role, "ratio")
    said = words.quantity(Quantity(value=now, unit=unit))
    if before is None:
        return said
    return words.text("monitor_card.usually", now=said, before=Quantity(value=before, unit=unit))


def _in_a_line(live: Live, words: Words) -> str:
    named = [(role, live.now(role)) for role in CHARTS]
    said = [
        f"{words.text(f'signal.{role}')} {words.quantity(Quantity(value=now, unit=UNITS.get(role, 'ratio')))}"
        for role, now in named
        if now is not None
    ]
    return words.text("list.comma").join(said) or words.text("monitor_card.nothing_measured")


def _charts(live: Live, words: Words) -> tuple[Chart, ...]:
    marks = tuple(change_mark(change, live.service.name, words) for change in live.changes)[:MOST_MARKS]
    return tuple(
        chart(
            f"{words.text(f'signal.{role}')} · {live.service.name}",
            series.points,
            UNITS.get(role, "ratio"),
            words,
            live.window,
            limit=promise(live.service.objective, role, words),
            marks=sorted(marks, key=lambda mark: mark.at),
        )
        for role in CHARTS
        if (series := live.figures[role][1] if role in live.figures else None) is not None and len(series.points) > 1
    )


def _complaints(live: Live, words: Words) -> tuple[Fold, ...]:
    newest = live.complaints[-MOST_LINES:]
    if not newest:
        return ()
    lines = tuple(f"{words.clock(line.at)} {line.level} {line.message}"[:SHORT] for line in newest)
    return (Fold(words.text("monitor_card.newest_lines", n=len(lines)), (Log(lines),)),)


def _source_link(live: Live, words: Words) -> tuple[Link, ...]:
    for role in CHARTS:
        series = live.figures[role][1] if role in live.figures else None
        if series is not None and series.link:
            return (Link(words.text("button.open_source", source=series.source), series.link),)
    return ()
