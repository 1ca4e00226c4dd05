"""Says how well a measurement bears its own sentence: whether it is whole, of enough samples, clear, and two-sided.

That is no confidence in a cause, and none is made of it: nothing that ranks or judges reads it.
"""

from collections.abc import Iterator, Sequence

from engine.diagnosis.sayings import SURGE
from engine.diagnosis.series import UNUSUAL
from engine.diagnosis.testimony import STRONG, TESTIFIES
from engine.diagnosis.traces import SLOWER
from engine.diagnosis.witnesses import UNDEPLOYED
from engine.model import Assurance, Evidence, Observation, Phrase

FEW = 5
"""Samples on either side, lines or spans, below which a figure rests on little."""
FEW_TRIES = 3
"""Of a health check."""
CLEAR = 2.0
"""How many times what makes a thing unusual it must be, or stay below, to be clearly so."""
GRAVE = frozenset({"empty", "one_side", "unclear"})
"""What alone makes little of a measurement; of other doubts it takes two."""
LEVELS: tuple[Assurance, ...] = ("high", "medium", "low")

Asked = tuple[str, str, str]
"""Source, kind and query: what evidence and the observation it was made from have in common."""


def assured(evidence: Sequence[Evidence], observations: Sequence[Observation]) -> tuple[Evidence, ...]:
    """The evidence, each piece with its confidence and what takes away from it. A note has none: it proves nothing."""
    cut = {_asked(each) for each in observations if each.truncated}
    partial = {each.source for each in observations if each.kind == "state" and each.role == "partial"}
    return tuple(
        each if each.details.get("note") else _assured(each, cut=each.source in partial or _asked(each) in cut)
        for each in evidence
    )


def _asked(each: Evidence | Observation) -> Asked:
    return each.source, each.kind, each.query


def _assured(each: Evidence, *, cut: bool) -> Evidence:
    doubts = [Phrase(word="evidence.doubt.partial")] if cut else []
    doubts += _doubts(each)
    weight = sum(2 if doubt.word.rpartition(".")[2] in GRAVE else 1 for doubt in doubts)
    return each.model_copy(update={"confidence": LEVELS[min(weight, 2)], "doubts": tuple(doubts)})


def _doubts(each: Evidence) -> Iterator[Phrase]:
    if each.details.get(TESTIFIES):
        yield _doubt("compared")
        if each.unusual < CLEAR * STRONG:
            yield _doubt("close")
    elif each.kind in ("sli", "metric"):
        yield from _of_series(each)
    elif each.kind in ("log", "trace"):
        yield from _of_events(each)
    elif each.kind == "change":
        if each.change is not None and each.change.kind in UNDEPLOYED:
            yield _doubt("undeployed")
    elif each.kind == "probe":
        yield from _of_check(each)


def _of_series(each: Evidence) -> Iterator[Phrase]:
    if not each.points:
        yield _doubt("empty")
        return
    split = float(each.details.get("split", 0.0))
    early = sum(at < split for at, _ in each.points)
    fewest = min(early, len(each.points) - early)
    if each.before is None or not fewest:
        yield _doubt("one_side")
    elif fewest < FEW:
        yield _doubt("few", fewest)
    if each.abnormal:
        close = each.unusual < CLEAR * UNUSUAL and not each.details.get("used_up", False)
    else:
        close = each.unusual > UNUSUAL / CLEAR
    if close:
        yield _doubt("close")


def _of_events(each: Evidence) -> Iterator[Phrase]:
    early = int(each.before.value) if each.before and each.before.unit == "count" else 0
    samples = each.count if each.abnormal else each.count + early
    if not samples:
        yield _doubt("empty")
    elif samples < FEW:
        yield _doubt("few", samples)
    least = SLOWER if each.signal == "slow_span" else SURGE
    if each.abnormal and (early or each.signal == "slow_span") and each.unusual < CLEAR * least:
        yield _doubt("close")


def _of_check(each: Evidence) -> Iterator[Phrase]:
    tries = each.details.get("state", {}).get("tries", FEW_TRIES)
    if each.signal == "health_check" and not each.abnormal:
        yield _doubt("unclear")
    elif tries < FEW_TRIES:
        yield _doubt("few", tries)


def _doubt(why: str, count: int = 0) -> Phrase:
    return Phrase(word=f"evidence.doubt.{why}", values={"n": count} if count else {})
