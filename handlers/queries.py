"""Asks one source by hand: what a person typed becomes a question, bounded, and kept inside the team's wall."""

import re
from dataclasses import dataclass
from datetime import timedelta

from cards.views import query as drawn
from engine.errors import SourceSilent
from engine.model import EvidenceKind, Observation, Window
from engine.ports import Queried, Query
from engine.team import Service
from handlers.inbound import Answer
from handlers.monitor import foreign, unknown, wanted
from handlers.statements import duration
from handlers.visit import Visit, no

KINDS: dict[str, EvidenceKind] = {
    **dict.fromkeys(("logs", "log", "日志"), "log"),
    **dict.fromkeys(("traces", "trace", "链路", "调用链", "追踪"), "trace"),
    **dict.fromkeys(("metrics", "metric", "promql", "指标"), "metric"),
}
LIMITS: dict[EvidenceKind, int] = {"metric": 12, "log": 40, "trace": 10}
LAST = re.compile(r"(?:^|\s+)(?:last|past|最近|过去)\s*([\d\s\w]{1,30})$", re.IGNORECASE)
NAMES = re.compile(r"[\w.-]+")
USUALLY = timedelta(hours=1)
LONGEST = 2_000
"""Characters of a question."""


@dataclass(frozen=True)
class Asked:
    """What a person asked: which kind of source, of which service ("" for an expression), for what, how far back."""

    kind: EvidenceKind
    text: str
    back: timedelta


async def query(visit: Visit, text: str) -> Answer:
    """`query <expression>`, `query logs|traces <service> [words]`, each with `last <how long>` at its end."""
    if visit.person is None:
        return await visit.refuse("error.role.viewer", f"query {text}", person=visit.name(visit.actor))
    asked = understood(text)
    if asked is None:
        return no("error.query_what")
    source = next((each for each in visit.telemetry.by_hand if each.answers == asked.kind), None)
    if source is None:
        return no("error.no_query_source", kind=visit.words.text(f"evidence_kind.{asked.kind}"))
    service, words, refusal = about(visit, asked)
    if refusal is not None:
        return refusal
    now = visit.house.clock.now()
    window = Window(start=now - asked.back, split=now - asked.back, end=now)
    return await _ask(visit, source, Query(text=words, service=service, window=window, limit=LIMITS[asked.kind]))


def understood(text: str) -> Asked | None:
    """What was asked; None where nothing was, or for a time that makes no sense."""
    said, back = text.replace("\x00", "").strip()[:LONGEST], USUALLY
    if (last := LAST.search(said)) and (span := duration(last[1])):
        said, back = said[: last.start()].strip(), span
    first, _, rest = said.partition(" ")
    kind = KINDS.get(first.casefold())
    asked = Asked(kind or "metric", rest.strip() if kind else said, back)
    return asked if asked.text or asked.kind != "metric" else None


def about(visit: Visit, asked: Asked) -> tuple[Service | None, str, Answer | None]:
    """The service and the words of a question, or why it is not asked."""
    if asked.kind == "metric":
        return None, asked.text, _beyond(visit, asked.text)
    first, _, rest = asked.text.partition(" ")
    named = wanted(visit, first) if first else None
    if named is not None:
        return named, rest.strip(), None
    own = wanted(visit, "")
    if own is None or foreign(visit, first):
        return None, "", unknown(visit, first)
    return own, asked.text, None


def _beyond(visit: Visit, expression: str) -> Answer | None:
    """Why an expression is not asked: it names a service of another team."""
    for name in dict.fromkeys(NAMES.findall(expression)):
        if foreign(visit, name):
            return no("error.service_of_others", service=name[:60])
    return None


async def _ask(visit: Visit, source: Queried, query: Query) -> Answer:
    try:
        seen = await source.look_up(query)
    except SourceSilent as silent:
        return Answer(tone="refused", phrase=silent.phrase)
    own = [each for each in seen if not _of_others(visit, each)]
    found = drawn.Found(source.name, source.answers, query, tuple(own), left_out=len(seen) - len(own))
    if visit.incident.id:
        count = sum(each.count for each in own)
        body = {"source": source.name, "query": found.asked[:LONGEST], "count": count, "inbound": visit.id}
        await visit.write(f"query:{visit.id}", "query.asked", body)
    return Answer(card=drawn.query(found, visit.words, visit.incident.id))


def _of_others(visit: Visit, seen: Observation) -> bool:
    """Whether a series says by a label that it is a service of another team."""
    return any(foreign(visit, value) for value in seen.labels.values())
