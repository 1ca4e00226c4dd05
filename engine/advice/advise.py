"""Says what would mend the code around an error, how to be sure, and how far that looked; nothing it does not know."""

import re
from datetime import datetime, timedelta

from engine.advice.families import Family
from engine.advice.recognition import Kind, identifier, recognised
from engine.code import Passage, Touch
from engine.model import Evidence, Gaps, Hypothesis, Phrase, Quantity, Value

SHORT = 10
"""Letters of a commit that tell it from others."""
LATELY = timedelta(days=14)
"""How long before the trouble a line may have been written for its commit to be worth a look before all else."""
MOST = 2
"""Alternatives, and things to check: more nobody reads at night."""
MANY = 3
"""Mentions from which on a function is used in several places, even where all of them are in its own file."""
AT_PEERS = frozenset({"dependency_down", "dependency_errors", "dependency_timeout"})
"""Causes that lie with the one who was called."""
DEFINITION = re.compile(
    r"\s*(?:(?:export|async|pub|public|private|protected|internal|static|final|abstract|override)\b[^=;]*$"
    r"|(?:def|func|fn|fun|function|sub)\b)"
)
"""A line that defines a function, and uses none."""


class Advice(Value):
    """What is known of mending a passage. `complexity` is how much of the code that takes at least, and why; it is left
    out where nobody can tell. `depth` says what was looked at."""

    fix: Phrase | None = None
    alternatives: tuple[Phrase, ...] = ()
    next: tuple[Phrase, ...] = ()
    complexity: Phrase | None = None
    depth: Phrase


def error_of(passage: Passage, evidence: Evidence | None) -> str:
    """The words of the error that leads to a passage; "" where none were kept."""
    origin = evidence.details.get("origin") if evidence else None
    return str(origin.get("error", "")) if origin and origin.get("line") == passage.line else ""


def advise(passage: Passage, error: str, began: datetime | None, cause: Hypothesis | None) -> Advice:
    """What would mend this passage, given the words of its error, when the trouble began and what caused it."""
    family, kind = recognised(error) or (None, Kind(family=""))
    gaps = _gaps(passage, kind)
    recent = next((each for each in passage.touches if each.here and lately(each, began)), None)
    ways = _ways(passage, family, gaps, _undone(recent, began), cause)
    return Advice(
        fix=ways[0] if ways else None,
        alternatives=tuple(ways[1 : 1 + MOST]),
        next=tuple([*_commits(passage, recent, began), *_check(passage, family, gaps, cause)][:MOST]),
        complexity=_complexity(family, passage) if family else None,
        depth=_depth(passage),
    )


def lately(touch: Touch, began: datetime | None) -> bool:
    """Whether a commit was made so shortly before the trouble that it is worth a look before all else."""
    return began is not None and touch.at is not None and timedelta() <= began - touch.at <= LATELY


def _gaps(passage: Passage, kind: Kind) -> Gaps:
    names: Gaps = {"place": passage.name, **kind.model_dump(exclude={"family"})}
    shape = "before" if kind.member else "named" if kind.name else "any"
    return {**names, "what": Phrase(word=f"code_advice.what.{shape}", values=names)}


def _ways(
    passage: Passage, family: Family | None, gaps: Gaps, undone: list[Phrase], cause: Hypothesis | None
) -> list[Phrase]:
    """Every way to mend it that is known, the best first. None of them says other than the diagnosis."""
    if elsewhere := _elsewhere(passage, cause):
        return [elsewhere, *_mended(family, gaps), *undone]
    if family is None or not family.outside:
        return [*undone, *_mended(family, gaps)]
    surfaces = _surfaces(family, gaps, cause)
    # A cause that is none of what was changed makes the commit the lesser suspect.
    return [surfaces, *undone] if cause and cause.change is None else [*undone, surfaces]


def _elsewhere(passage: Passage, cause: Hypothesis | None) -> Phrase | None:
    """That the diagnosis blames another service; None where it does not."""
    if cause is None:
        return None
    blamed = cause.peer if cause.category in AT_PEERS and cause.peer else cause.service
    if blamed in ("", passage.service):
        return None
    values: Gaps = {"service": blamed, "title": cause.title, "place": passage.name}
    return Phrase(word="code_advice.elsewhere", values=values)


def _mended(family: Family | None, gaps: Gaps) -> list[Phrase]:
    if family is None:
        return []
    words = ("fix", "otherwise") if family.two_ways else ("fix",)
    return [Phrase(word=f"code_advice.{family.key}.{word}", values=gaps) for word in words]


def _surfaces(family: Family, gaps: Gaps, cause: Hypothesis | None) -> Phrase:
    """Of an error that comes from outside: where to look for its cause, and what the code can do meanwhile."""
    fix = Phrase(word=f"code_advice.{family.key}.fix", values=gaps)
    if cause is None:
        return Phrase(word="code_advice.outside", values={"place": gaps["place"], "fix": fix})
    return Phrase(word="code_advice.outside_known", values={"place": gaps["place"], "title": cause.title, "fix": fix})


def _undone(touch: Touch | None, began: datetime | None) -> list[Phrase]:
    return [Phrase(word="code_advice.undo", values=_commit(touch, began))] if touch else []


def _commit(touch: Touch, began: datetime | None) -> Gaps:
    before = (began - touch.at).total_seconds() if began and touch.at else 0.0
    return {"sha": touch.sha[:SHORT], "by": touch.by or "—", "before": Quantity(value=before, unit="seconds")}


def _commits(passage: Passage, recent: Touch | None, began: datetime | None) -> list[Phrase]:
    """What to look up about the newest commits before one of them is taken back."""
    if recent:
        found = [Phrase(word="code_advice.check.contains", values={"sha": recent.sha[:SHORT]})]
        if not passage.version:
            found.append(Phrase(word="code_advice.check.version", values={"place": passage.name}))
        return found
    # Of a commit that was not looked into nobody knows which lines it wrote.
    changed = next((each for each in passage.touches[: passage.looked_into] if lately(each, began)), None)
    if changed is None:
        return []
    return [Phrase(word="code_advice.check.changed", values=_commit(changed, began))]


def _check(passage: Passage, family: Family | None, gaps: Gaps, cause: Hypothesis | None) -> list[Phrase]:
    """What proves or disproves the family's way; where the diagnosis knows what comes from outside, it says what to
    look at."""
    told = family is not None and family.outside and cause is not None and not _elsewhere(passage, cause)
    return [] if family is None or told else [Phrase(word=f"code_advice.{family.key}.check", values=gaps)]


def _complexity(family: Family, passage: Passage) -> Phrase | None:
    """How much of the code mending it takes, as far as the kind of error and those who name the function tell."""
    users = [each for each in passage.mentions if not DEFINITION.match(each.text)]
    files = {each.path for each in users}
    if not family.size:
        return None
    if not family.outside and (len(users) >= MANY or files - {passage.path}):
        counted = Phrase(word="code_advice.files", values={"n": len(files)})
        return Phrase(word="code_advice.size.several_places", values={"n": len(users), "files": counted})
    values: Gaps = {"place": passage.name, "function": identifier(passage.function)}
    return Phrase(word=f"code_advice.size.{family.size}", values=values)


def _depth(passage: Passage) -> Phrase:
    """What was looked at, and what was not."""
    at = "version" if passage.version else "head"
    commits, mentions = len(passage.touches), len(passage.mentions)
    values: Gaps = {
        "at": Phrase(word=f"code_advice.depth.{at}", values={"version": passage.version}),
        "commits": Phrase(word="code_advice.depth.commits", values={"n": commits}) if commits else "",
        "searched": passage.looked_into or "",
        "mentions": Phrase(word="code_advice.depth.mentions", values={"n": mentions}) if mentions else "",
    }
    return Phrase(word="code_advice.looked", values=values)
