"""Marks suspects that were never seen well by how they differ from their peers in what they write of a request."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations

from engine.diagnosis.marks import Mark
from engine.diagnosis.ranking_spans import Calls
from engine.diagnosis.templates import template
from engine.diagnosis.visits import PLACE, traced
from engine.model import Gaps, LogLine, Phrase, Span, Window

FEWEST = 5
"""Requests on either side below which nothing is said."""
FEWEST_OTHERS = 2
ALWAYS = 0.9
CLEAR = 10.0
"""Strength of what always differs."""
MOST_STATEMENTS = 40
LONGEST = 80

Written = Mapping[str, Counter[str]]
"""By request, how often each statement was written."""


def peer_marks(lines: Sequence[LogLine], spans: Sequence[Span], window: Window) -> Iterator[Mark]:
    """Who differs from its peers, among services of whose requests none is known from before the split."""
    known = {each.service for each in lines if each.at < window.split}
    known |= {span.service for span in spans if span.start < window.split}
    if not {each.service for each in lines} - known:
        return
    written = _written(lines)
    yield from (
        mark for mark in (*_wordless(written, Calls(spans)), *_unlike_twins(written)) if mark.service not in known
    )


def _written(lines: Sequence[LogLine]) -> Mapping[str, Written]:
    found: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
    for line in lines:
        if trace := traced(line):
            found[line.service][trace][template(PLACE.sub("", line.message))[:LONGEST]] += 1
    return found


def _wordless(written: Mapping[str, Written], calls: Calls) -> Iterator[Mark]:
    """Services that write of all requests but for those of one operation that others call."""
    came: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for span in calls.spans.values():
        parent = calls.spans.get((span.trace_id, span.parent_id))
        if parent is not None and parent.service != span.service:
            came[span.service][span.operation].add(span.trace_id)
    for service, operations in came.items():
        told = written.get(service, {}).keys()
        for operation, traces in operations.items():
            others = set().union(*operations.values()) - traces
            enough = min(len(traces), len(others)) >= FEWEST
            if enough and not traces & told and len(others & told) >= ALWAYS * len(others):
                values: Gaps = {"service": service, "count": len(traces), "operation": operation[:LONGEST]}
                phrase = Phrase(word="suspect.wordless", values=values)
                yield Mark(service, "unlike_peers", CLEAR, phrase, "steps", kind="log")


def _unlike_twins(written: Mapping[str, Written]) -> Iterator[Mark]:
    """Services that write a statement less often in a request than several others, while another service, of the same
    code, writes all of them as often."""
    said = {service: _statements(visits) for service, visits in written.items()}
    for service, twin in permutations(said, 2):
        shared = sorted(said[service] & said[twin])
        if 2 * len(shared) < len(said[service]):
            continue
        for less in shared:
            usual = [each for each in shared if each != less and _less(written[service], written[twin], less, each)]
            if len(usual) >= FEWEST_OTHERS:
                values: Gaps = {"service": service, "peer": twin, "less": less, "usual": usual[0]}
                phrase = Phrase(word="suspect.unlike_twin", values=values)
                yield Mark(service, "unlike_peers", CLEAR, phrase, "steps", kind="log")


def _statements(visits: Written) -> set[str]:
    counts = Counter(name for _, visit in sorted(visits.items()) for name in sorted(visit))
    return {name for name, _ in counts.most_common(MOST_STATEMENTS)}


def _less(here: Written, there: Written, less: str, usual: str) -> bool:
    """Whether requests with both statements have less of the first here, and there as much of it as of the second."""
    ours, theirs = (
        [(visit[less], visit[usual]) for visit in visits.values() if visit[less] and visit[usual]]
        for visits in (here, there)
    )
    return (
        min(len(ours), len(theirs)) >= FEWEST
        and sum(one < other for one, other in ours) >= ALWAYS * len(ours)
        and sum(one == other for one, other in theirs) >= ALWAYS * len(theirs)
    )
