"""Searches a trace store for ordinary, failed and slow traces on both sides of the split, and keeps them whole."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from engine.errors import SourceSilent
from engine.model import Alert, Observation, Span, Window
from engine.sources.http import harvest
from engine.sources.spans import with_peers

MOST_SPANS = 2_000
SLOWER, SLOWER_BY = 2.0, 0.05
"""A slow span takes more than so many times the usual, and more than so many seconds longer."""
SLOW = 1.0
"""Seconds that count as slow where nothing is known of the usual."""
TRACE_ID = re.compile(r"[0-9a-fA-F]{16,32}")
TRACE_KEYS = ("trace_id", "traceID", "traceId", "trace")
"""Labels or annotations of an alert that name a trace, as an exemplar's do."""

Kind = Literal["ordinary", "failed", "slow"]
SHARES: Mapping[Kind, float] = {"ordinary": 0.5, "failed": 0.3, "slow": 0.2}
"""How the traces of one side are shared out."""


class Search(NamedTuple):
    """Which traces are wanted: those of a time; slow ones have a span that takes at least `least` seconds."""

    kind: Kind
    start: datetime
    end: datetime
    limit: int
    least: float = 0.0


class Traces(NamedTuple):
    """What a search found, first found first; `cut` where there may be more."""

    spans: list[Span]
    cut: bool


class Survey(NamedTuple):
    """All that was found before and after the split, and from how many seconds on a span was called slow."""

    before: Traces
    after: Traces
    least: float


Find = Callable[[Search], Awaitable[Traces]]


async def survey(find: Find, service: str, window: Window, traces: int, seconds: float) -> Survey | SourceSilent | None:
    """About `traces` traces of each side. Both are always asked alike, so that they can be compared: where a search for
    failed or slow ones brings nothing on one side in time, neither side's counts. Without the ordinary ones of both
    sides there is no survey: then it is why, or None where time ran out."""
    deadline = asyncio.get_running_loop().time() + seconds

    def searches(kind: Kind, least: float = 0.0) -> list[Search]:
        limit = max(1, round(traces * SHARES[kind]))
        times = ((window.start, window.split), (window.split, window.end))
        return [Search(kind, start, end, limit, least) for start, end in times]

    answers = await _found(find, [*searches("ordinary"), *searches("failed")], deadline)
    before, after = answers[:2]
    if not isinstance(before, Traces) or not isinstance(after, Traces):
        return next((answer for answer in answers[:2] if isinstance(answer, SourceSilent)), None)
    least = _slow_from(before.spans, service)
    for one, other in (answers[2:], await _found(find, searches("slow", least), deadline)):
        if isinstance(one, Traces) and isinstance(other, Traces):
            before, after = joined(before, one), joined(after, other)
    return Survey(before, after, least)


async def _found(find: Find, searches: Sequence[Search], deadline: float) -> list[Traces | SourceSilent | None]:
    def searching(search: Search) -> Callable[[], Awaitable[Traces]]:
        return lambda: find(search)

    return await harvest([searching(search) for search in searches], deadline - asyncio.get_running_loop().time())


def _slow_from(before: Sequence[Span], service: str) -> float:
    """From how many seconds on a span of the service is slow: well above what nine in ten take before."""
    usual = sorted(span.duration for span in before if span.service == service)
    return SLOWER * usual[int(0.9 * (len(usual) - 1))] + SLOWER_BY if usual else SLOW


def joined(first: Traces, second: Traces) -> Traces:
    """Both, each span once."""
    spans = {(span.trace_id, span.span_id): span for span in (*first.spans, *second.spans)}
    return Traces(list(spans.values()), first.cut or second.cut)


def observed(source: str, service: str, query: str, window: Window, link: str, found: Sequence[Traces]) -> Observation:
    """One answer with the spans of all searches, the first of which is the one before the split."""
    share = MOST_SPANS // len(found)
    kept = [_whole(each.spans, share) for each in found]
    spans = with_peers([span for side in kept for span in side])
    return Observation(
        source=source,
        kind="trace",
        service=service,
        query=query,
        window=window,
        link=link,
        spans=tuple(sorted(spans, key=lambda span: (span.start, span.trace_id, span.span_id))),
        count=len(spans),
        truncated=any(each.cut or len(side) < len(each.spans) for each, side in zip(found, kept, strict=True)),
        complete_since=min((span.start for span in kept[0]), default=None) if found[0].cut else window.start,
    )


def _whole(spans: Sequence[Span], most: int) -> list[Span]:
    """As many whole traces as fit, first come first kept; half a trace would hide where an error began."""
    traces: dict[str, list[Span]] = {}
    for span in spans:
        traces.setdefault(span.trace_id, []).append(span)
    kept: list[Span] = []
    for trace in traces.values():
        if len(kept) + len(trace) <= most:
            kept += trace
    return kept


def failed(spans: Sequence[Span]) -> list[Span]:
    """Those of the traces in which a span failed, whole."""
    ids = {span.trace_id for span in spans if span.error}
    return [span for span in spans if span.trace_id in ids]


def holding(spans: Sequence[Span], text: str) -> list[Span]:
    """The spans of all traces in which one holds these words, in its operation, peer or message."""
    wanted = text.casefold()
    hits = {s.trace_id for s in spans if wanted in f"{s.operation}\n{s.peer}\n{s.message}".casefold()}
    return [span for span in spans if span.trace_id in hits]


def touching(spans: Sequence[Span], service: str) -> list[Span]:
    """The spans of all traces the service had a part in: a team sees no others, whatever was asked for."""
    own = {span.trace_id for span in spans if span.service == service}
    return [span for span in spans if span.trace_id in own]


def at_most(traces: Traces, most: int) -> Traces:
    """The spans of the first so many traces."""
    names = list(dict.fromkeys(span.trace_id for span in traces.spans))
    kept = frozenset(names[:most])
    return Traces([span for span in traces.spans if span.trace_id in kept], traces.cut or len(names) > most)


def renamed(spans: Iterable[Span], names: Mapping[str, str]) -> list[Span]:
    """The spans with services and peers called as the catalogue calls them."""
    aliases = {traced: own for traced, own in names.items() if traced != own}
    if not aliases:
        return list(spans)
    return [
        span.model_copy(
            update={"service": aliases.get(span.service, span.service), "peer": aliases.get(span.peer, span.peer)}
        )
        for span in spans
    ]


def named_trace(alert: Alert) -> str:
    """The id of the trace an alert itself names; "" where it names none."""
    said = {**alert.annotations, **alert.labels}
    id = next((said[key] for key in TRACE_KEYS if key in said), "")
    return id if TRACE_ID.fullmatch(id) else ""
