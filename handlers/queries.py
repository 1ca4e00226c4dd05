"""Asks one source by hand: what a person typed becomes a question, bounded, and kept inside the team's wall."""

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from cards.views import query as drawn
from engine.errors import SourceSilent
from engine.model import EvidenceKind, Observation, Phrase, Window
from engine.ports import Level, Queried, Query
from engine.team import Service
from handlers import saved
from handlers.inbound import Answer
from handlers.monitor import foreign, unknown, wanted
from handlers.statements import duration
from handlers.times import BETWEEN, between
from handlers.visit import Visit, no

KINDS: dict[str, EvidenceKind] = {
    **dict.fromkeys(("logs", "log", "日志"), "log"),
    **dict.fromkeys(("traces", "trace", "链路", "调用链", "追踪"), "trace"),
    **dict.fromkeys(("metrics", "metric", "promql", "prom", "指标"), "metric"),
}
LIMITS: dict[EvidenceKind, int] = {"metric": 12, "log": 40, "trace": 10}
LEVELS: dict[str, Level] = {
    **dict.fromkeys(("error", "err", "错误"), "error"),
    **dict.fromkeys(("warn", "warning", "警告"), "warn"),
    **dict.fromkeys(("info", "信息"), "info"),
    **dict.fromkeys(("all", "全部", "所有"), "all"),
}
MOST_LINES = 200
FILTER = re.compile(r"(?:^|(?<=\s))(?:(level|级别|status|状态)|lines|行数)\s*[=＝]\s*(\S*)\s*", re.IGNORECASE)
"""What narrows a question about logs or traces, anywhere in it; group 1 tells the level from the number of lines."""
LAST = re.compile(r"(?:^|(?<=\s))(?:last|past|最近|过去)\s*([\d\s\w]{1,30})$", re.IGNORECASE)
BARE = re.compile(
    r"(?<=[\w)}])(?<!\boffset)(?<!\bunless)(?<!\band)(?<!\bor)(?<!\bbool)(?<!\batan2)\s+(\d{1,4}\s?[smhdw])$",
    re.IGNORECASE,
)
"""How far back, with nothing before it, behind an expression: in PromQL no value follows another without a word or sign
between them. In logs it may be what is looked for."""
NAMES = re.compile(r"[\w.-]+")
USUALLY: dict[EvidenceKind, timedelta] = {
    "metric": timedelta(minutes=15),
    "log": timedelta(hours=1),
    "trace": timedelta(hours=1),
}
"""How far back a question looks that does not say so: figures are asked of how things stand now; what is written down
comes seldom."""
LONGEST = 2_000
"""Characters of a question."""


@dataclass(frozen=True)
class Asked:
    """What a person asked: which kind of source, of which service ("" for an expression), for what, how far back or
    from when to when; of logs also from which level on, of traces whether those that failed alone. `limit` 0: as many
    as usual."""

    kind: EvidenceKind
    text: str
    back: timedelta
    between: tuple[str, str] | None = None
    level: Level = "all"
    limit: int = 0


async def query(visit: Visit, text: str) -> Answer:
    """`query <expression>`, `query logs|traces <service> [words]`, each with `last <how long>` or `from 14:00 to 14:30`
    at its end; logs with `level=error` and `lines=100`, traces with `status=error`."""
    if visit.person is None:
        return await visit.refuse("error.role.viewer", f"query {text}", person=visit.name(visit.actor))
    asked = understood(text)
    if asked is None:
        return no("error.query_what")
    if wrong := _unfit(asked):
        return wrong
    first, _, rest = asked.text.partition(" ")
    if asked.kind == "metric" and first.casefold() in saved.LIST:
        return _at_hand(visit, rest.strip())
    sources = [each for each in visit.telemetry.by_hand if each.tells == asked.kind]
    if not sources:
        return no("error.no_query_source", kind=visit.words.text(f"evidence_kind.{asked.kind}"))
    service, words, refusal = about(visit, asked)
    if refusal is not None:
        return refusal
    window = _window(visit, asked)
    if window is None:
        return no("error.query_when", start=(asked.between or ("", ""))[0], end=(asked.between or ("", ""))[1])
    limit = asked.limit or LIMITS[asked.kind]
    wish = Query(text=words, service=service, window=window, limit=limit, level=asked.level)
    heard = await _ask(visit, sources[0], asked.kind, wish)
    for source in sources[1:]:
        # Where two hold the same kind of data, most often one of them holds this service's.
        other = heard if heard.holds else await _ask(visit, source, asked.kind, wish)
        heard = other if other.holds or heard.found is None else heard
    return await _told(visit, heard)


def _window(visit: Visit, asked: Asked) -> Window | None:
    """The time that was asked about; None where it makes none."""
    now = visit.house.clock.now()
    if asked.between:
        return between(*asked.between, now, visit.words.zone)
    return Window(start=now - asked.back, split=now - asked.back, end=now)


def _at_hand(visit: Visit, name: str) -> Answer:
    """What may be asked by a name: of a service, else of all."""
    service = wanted(visit, name)
    if service is None and name:
        return unknown(visit, name)
    lines = saved.lines(service) if service else saved.everywhere(visit.team.services)
    return Answer(card=drawn.saved(lines, visit.words))


def understood(text: str) -> Asked | None:
    """What was asked; None where nothing was, or for a time that makes no sense."""
    said, span = text.replace("\x00", "").strip()[:LONGEST], None
    exact = BETWEEN.search(said)
    if exact:
        said = said[: exact.start()].strip()
    elif (last := LAST.search(said)) and (span := duration(last[1])):
        said = said[: last.start()].strip()
    first, _, rest = said.partition(" ")
    named = KINDS.get(first.casefold())
    kind: EvidenceKind = named or "metric"
    times = (exact[1], exact[2]) if exact else None
    words = rest.strip() if named else said
    if kind == "metric" and not (exact or span) and (bare := BARE.search(words)) and (span := duration(bare[1])):
        words = words[: bare.start()]
    asked = Asked(kind, words, span or USUALLY[kind], times)
    if _may_be_narrowed(asked):
        return _filtered(asked)
    return asked if asked.text or asked.kind != "metric" else None


def _may_be_narrowed(asked: Asked) -> bool:
    """Whether filters count: in logs, and in traces that are asked for by words; a filter of TraceQL stays as it is."""
    return asked.kind == "log" or (asked.kind == "trace" and "{" not in asked.text)


def _filtered(asked: Asked) -> Asked:
    """The question without its filters, which stand beside it; what is no level or number is left in the text."""

    def take(found: re.Match[str]) -> str:
        nonlocal asked
        said = found[2].casefold()
        if found[1] and said in LEVELS and (asked.kind == "log" or LEVELS[said] in ("error", "all")):
            asked = replace(asked, level=LEVELS[said])
        elif not found[1] and said.isdecimal() and len(said) <= len(str(MOST_LINES)) and 0 < int(said) <= MOST_LINES:
            asked = replace(asked, limit=int(said))
        else:
            return found[0]
        return ""

    text = FILTER.sub(take, asked.text).strip()
    return replace(asked, text=text)


def _unfit(asked: Asked) -> Answer | None:
    """What is wrong with a filter that is still in the text."""
    left = FILTER.search(asked.text) if _may_be_narrowed(asked) else None
    if left is None:
        return None
    if left[1] and asked.kind == "trace":
        return no("error.query_status", status=left[2][:40] or "-")
    if left[1]:
        return no("error.query_level", level=left[2][:40] or "-")
    return no("error.query_lines", lines=left[2][:40] or "-", most=MOST_LINES)


def about(visit: Visit, asked: Asked) -> tuple[Service | None, str, Answer | None]:
    """The service and the words of a question, or why it is not asked."""
    if asked.kind == "metric":
        expression = _named(visit, asked.text)
        return None, expression, _beyond(visit, expression)
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


def _named(visit: Visit, text: str) -> str:
    """The expression a name stands for, of the service behind it or the incident's; else what was typed."""
    first, _, rest = text.partition(" ")
    name, service = saved.NAMES.get(first, first.casefold()), wanted(visit, rest)
    return saved.saved(service).get(name, text) if service else text


@dataclass(frozen=True)
class Heard:
    """What one source answered: its data, or why there are none."""

    source: str
    found: drawn.Found | None = None
    silent: Phrase | None = None

    @property
    def holds(self) -> bool:
        """Whether anything came."""
        return self.found is not None and bool(self.found.shown)


async def _ask(visit: Visit, source: Queried, kind: EvidenceKind, query: Query) -> Heard:
    try:
        seen = await source.look_up(query)
    except SourceSilent as silent:
        return Heard(source.name, silent=silent.phrase)
    own = [each for each in seen if not _of_others(visit, each)]
    found = drawn.Found(source.name, kind, query, tuple(own), left_out=len(seen) - len(own))
    return Heard(source.name, found)


async def _told(visit: Visit, heard: Heard) -> Answer:
    """The card of what came, which is written down in an incident."""
    if heard.found is None:
        return Answer(tone="refused", phrase=heard.silent)
    if visit.incident.id:
        count = sum(each.count for each in heard.found.seen)
        body = {"source": heard.source, "query": heard.found.asked[:LONGEST], "count": count, "inbound": visit.id}
        await visit.write(f"query:{visit.id}", "query.asked", body)
    return Answer(card=drawn.query(heard.found, visit.words, visit.incident.id))


def _of_others(visit: Visit, seen: Observation) -> bool:
    """Whether a series says by a label that it is a service of another team."""
    return any(foreign(visit, value) for value in seen.labels.values())
