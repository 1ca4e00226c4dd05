"""Draws what a person's own question to a source brought: the exact query, its window, how much came, and the data."""

from collections.abc import Sequence
from dataclasses import dataclass

from cards.model import Block, Buttons, Card, Facts, Link, Log, Prose, Table
from cards.views.charts import chart
from cards.words import Words
from engine.masking import mask
from engine.model import EvidenceKind, Observation, Quantity, Span
from engine.ports import Query

MOST_CHARTS = 3
MOST_SERIES = 12
SHORT = 300
"""Characters of one line or label set."""


@dataclass(frozen=True)
class Found:
    """What a source answered. `left_out` counts series that belong to other teams."""

    source: str
    kind: EvidenceKind
    query: Query
    seen: tuple[Observation, ...]
    left_out: int = 0

    @property
    def asked(self) -> str:
        """The query as the source got it, without secrets."""
        return mask(self.seen[0].query if self.seen else self.query.text)

    @property
    def shown(self) -> tuple[Observation, ...]:
        """What holds something."""
        return tuple(each for each in self.seen if each.count)


def query(found: Found, words: Words, incident: str) -> Card:
    """The card of one question."""
    n = _count(found)
    title = words.text(f"query_card.{found.kind}", n=n, source=found.source)
    window = found.query.window
    pairs = (
        (words.text("column.query"), found.asked),
        (
            words.text("column.window"),
            words.text("query_card.window", start=words.moment(window.start), end=words.moment(window.end)),
        ),
        (words.text("column.count"), str(n)),
    )
    blocks: list[Block] = [Facts(pairs)]
    blocks += _data(found, words) if n else [Prose(words.text("query_card.nothing"))]
    if any(each.truncated for each in found.seen):
        blocks.append(Prose(words.text("query_card.more", n=found.query.limit), quiet=True))
    if found.left_out:
        blocks.append(Prose(words.text("query_card.left_out", n=found.left_out), quiet=True))
    link = next((each.link for each in found.seen if each.link), "")
    if link:
        blocks.append(Buttons((Link(words.text("button.open_source", source=found.source), link),)))
    return Card(title, title, tone="info", blocks=tuple(blocks), incident=incident, language=words.language)


def saved(lines: Sequence[str], words: Words) -> Card:
    """What can be asked by a name, as it is typed."""
    title = words.text("query_card.saved")
    return Card(
        title, title, tone="info", blocks=(Log(tuple(mask(line)[:SHORT] for line in lines)),), language=words.language
    )


def _count(found: Found) -> int:
    """How many series, lines or traces came."""
    match found.kind:
        case "log":
            return sum(len(each.lines) for each in found.seen)
        case "trace":
            return len({span.trace_id for each in found.seen for span in each.spans})
        case _:
            return len(found.shown)


def _data(found: Found, words: Words) -> list[Block]:
    match found.kind:
        case "log":
            lines = (line for each in found.seen for line in each.lines)
            return [Log(tuple(f"{words.clock(line.at)} {line.level} {line.message}"[:SHORT] for line in lines))]
        case "trace":
            return [_traces([span for each in found.seen for span in each.spans], words)]
        case _:
            return _series(found, words)


def _series(found: Found, words: Words) -> list[Block]:
    """The newest value of each series with its range, and the course of the first ones."""
    rows = tuple(
        (
            _labels(each)[:SHORT],
            words.quantity(Quantity(value=each.points[-1][1], unit=each.unit)),
            words.quantity(Quantity(value=min(value for _, value in each.points), unit=each.unit)),
            words.quantity(Quantity(value=max(value for _, value in each.points), unit=each.unit)),
        )
        for each in found.shown[:MOST_SERIES]
    )
    columns = tuple(words.text(f"column.{name}") for name in ("series", "newest", "least", "most"))
    drawn: list[Block] = [Table(columns, rows)]
    drawn += [
        chart(_labels(each)[:SHORT], each.points, each.unit, words, each.window)
        for each in found.shown[:MOST_CHARTS]
        if len(each.points) > 1
    ]
    return drawn


def _labels(each: Observation) -> str:
    return ", ".join(f"{name}={value}" for name, value in each.labels.items()) or each.query


def _traces(spans: Sequence[Span], words: Words) -> Table:
    """One row per trace: when, what it began with, how long it took, and what failed in it."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    newest = sorted(traces.values(), key=lambda each: min(span.start for span in each), reverse=True)
    columns = tuple(words.text(f"column.{name}") for name in ("trace", "at", "operation", "took", "spans", "failed"))
    return Table(columns, tuple(_trace(each, words) for each in newest))


def _trace(spans: Sequence[Span], words: Words) -> tuple[str, ...]:
    first = min(spans, key=lambda span: (bool(span.parent_id), span.start))
    failed = [f"{span.service} {span.operation}: {span.message}".strip(": ") for span in spans if span.error]
    took = Quantity(value=first.duration, unit="seconds")
    name = f"{first.service} {first.operation}"
    return (
        first.trace_id[:16],
        words.clock(first.start),
        name[:SHORT],
        words.quantity(took),
        str(len(spans)),
        failed[-1][:SHORT] if failed else "",
    )
