"""Says who calls whom: what the catalogue names, what spans, evidence and people show, and where these differ."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from engine.model import Evidence, Span
from engine.team import Service

DEEPEST = 4
MOST_LINES = 60
ADDRESS = re.compile(r"[\d.:]+|.*[\s/@].*|localhost|unknown", re.DOTALL)
"""What instrumentation writes where it knows no name."""

SPACES = re.compile(r"[^\S\n]+")
ARROW = re.compile(r"[-=]{1,3}>(?:\|[^|]*\|)?|[→⇒➜]|(?<= )calls(?= )|调用")
BACK = re.compile(r"<[-=]{1,3}|[←⇐]")
NEXT = re.compile(r"[\n;；,，、]+")
SHAPE = re.compile(r"(?<![\w.-])([\w.-]+) ?[\[({]+([^\[\](){}]+)[\])}]+")
"""A node of a Mermaid diagram: its short name, and in a shape what it is called."""
AROUND = "`\"'“” "
"""What may stand around a name."""
MOST_SAID = 8_000
"""Characters of what a person wrote down."""
MOST_TOLD = 60


class Call(NamedTuple):
    """One service calls another."""

    caller: str
    callee: str


class Branch(NamedTuple):
    """One line of a drawn graph: a service under the one that calls it; `frame` is what stands before its name."""

    frame: str
    call: Call
    repeated: bool = False


def in_spans(spans: Iterable[Span]) -> Counter[Call]:
    """Every call between two services that these spans show, with how often."""
    known = {(span.trace_id, span.span_id): span for span in spans}
    calls: Counter[Call] = Counter()
    answered = set()
    for span in known.values():
        parent = known.get((span.trace_id, span.parent_id))
        # A call whose other side was recorded too is counted there: the callee says best what it is called.
        if parent is not None and parent.service != span.service:
            calls[Call(parent.service, span.service)] += 1
            answered.add((span.trace_id, span.parent_id))
    for key, span in known.items():
        if span.peer and span.peer != span.service and key not in answered:
            calls[Call(span.service, span.peer)] += 1
    return Counter({call: n for call, n in calls.items() if is_name(call.callee)})


def in_evidence(evidence: Iterable[Evidence]) -> Counter[Call]:
    """Every call that evidence of traces is about."""
    return Counter(
        Call(each.service, each.peer)
        for each in evidence
        if each.kind == "trace" and each.peer and each.peer != each.service and is_name(each.peer)
    )


def in_text(text: str) -> tuple[Call, ...]:
    """The calls a person wrote down, in order: `a -> b -> c, d -> b`, `a calls b`, `a 调用 b`, a diagram's lines."""
    said = SPACES.sub(" ", text[:MOST_SAID])
    shapes = ((short, title.strip(AROUND)) for short, title in SHAPE.findall(said))
    titles = {short: title for short, title in shapes if is_name(title)}
    found: dict[Call, None] = {}
    for part in NEXT.split(SHAPE.sub(r"\1", said)):
        forward = ARROW.split(part)
        names = [name.strip(AROUND) for name in (forward if len(forward) > 1 else BACK.split(part)[::-1])]
        called = [titles.get(name, name) for name in names]
        if all(map(is_name, called)):
            found |= {Call(a, b): None for a, b in pairwise(called) if a != b}
    return tuple(found)[:MOST_TOLD]


def untold(calls: Sequence[Call], services: Mapping[str, Service]) -> tuple[Call, ...]:
    """The calls that the catalogue names between services of a drawing, and the drawing does not."""
    there = {name for call in calls for name in call}
    return tuple(
        Call(name, callee)
        for name, service in services.items()
        for callee in service.dependencies
        if name in there and callee in there and Call(name, callee) not in calls
    )


def undeclared(calls: Mapping[Call, int], services: Mapping[str, Service]) -> tuple[Call, ...]:
    """The calls of services of the catalogue that it does not name, the most frequent first."""
    new = [call for call in calls if call.caller in services and call.callee not in services[call.caller].dependencies]
    return tuple(sorted(new, key=lambda call: (-calls[call], call)))


def unseen(calls: Mapping[Call, int], service: Service) -> tuple[str, ...]:
    """The dependencies of a service that the catalogue names and no call shows; none where no call of it was seen."""
    seen = {call.callee for call in calls if call.caller == service.name}
    return tuple(name for name in service.dependencies if name not in seen) if seen else ()


def callers(service: str, services: Mapping[str, Service], calls: Mapping[Call, int]) -> tuple[str, ...]:
    """Who calls a service, by catalogue or by what was seen."""
    named = {name for name, each in services.items() if service in each.dependencies}
    return tuple(sorted(named | {call.caller for call in calls if call.callee == service}))


def branches(service: str, services: Mapping[str, Service], calls: Mapping[Call, int]) -> tuple[Branch, ...]:
    """The graph below a service as the lines of a tree; a service that was drawn before is not opened again."""
    graph: dict[str, set[str]] = {name: set(each.dependencies) for name, each in services.items()}
    for call in calls:
        graph.setdefault(call.caller, set()).add(call.callee)
    drawn = {service}
    found: list[Branch] = []

    def draw(caller: str, indent: str, depth: int) -> None:
        below = sorted(graph.get(caller, ()))
        for place, callee in enumerate(below):
            last = place == len(below) - 1
            again = callee in drawn
            found.append(Branch(f"{indent}{'└─ ' if last else '├─ '}", Call(caller, callee), again))
            if not again and depth < DEEPEST:
                drawn.add(callee)
                draw(callee, f"{indent}{'   ' if last else '│  '}", depth + 1)

    draw(service, "", 1)
    return tuple(found[:MOST_LINES])


def is_name(name: str) -> bool:
    """Whether this is what a service may be called, and no address."""
    return 0 < len(name) <= 120 and name.isprintable() and not ADDRESS.fullmatch(name)
