"""Marks suspects by complaints in logs that became more frequent: whoever they name, else whoever wrote them."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

import numpy as np

from engine.diagnosis.levels import LOUD, WARNING
from engine.diagnosis.marks import Mark, onsets
from engine.diagnosis.ranking_series import Floats
from engine.diagnosis.templates import mentions, plain, readable
from engine.diagnosis.visits import statement
from engine.model import LogLine, Phrase, Window

OF_A_WARNING = 0.1
"""How much less a warning tells than an error."""
FEWEST = 2
MOST_LINES = 5000
CALM_SHARE = 0.5
"""From this share of lines that complain of nothing on, lines are a clock that knows how much is going on."""


def complaint_marks(lines: Sequence[LogLine], window: Window, names: Collection[str]) -> Iterator[Mark]:
    """What complaints say of those they name and of those who wrote them."""
    groups: dict[tuple[str, str], list[LogLine]] = defaultdict(list)
    loud = [line for line in lines if line.level in LOUD or line.level in WARNING]
    for line in loud[-MOST_LINES:]:
        groups[line.service, statement(line.message)].append(line)
    calm = [line.at.timestamp() for line in lines] if len(loud) <= CALM_SHARE * len(lines) else []
    clock = np.array(sorted(calm))
    starts = onsets(window.split.timestamp(), window.end.timestamp())
    for (service, _), said in sorted(groups.items()):
        strength, onset = _risen(np.array(sorted(line.at.timestamp() for line in said)), clock, window, starts)
        if strength <= 0:
            continue
        strength *= OF_A_WARNING if said[-1].level in WARNING else 1.0
        text = plain(said[-1].message)
        phrase = Phrase(
            word="suspect.complaint", values={"service": service, "count": len(said), "text": readable(text)[:120]}
        )
        named = [name for name in mentions(text, names) if name != service]
        yield Mark(
            service, "complaints_of_others" if named else "complaints", strength, phrase, "log", onset, kind="log"
        )
        for name in named:
            yield Mark(name, "complained_of", strength, phrase, "log", onset, kind="log")


def _risen(times: Floats, clock: Floats, window: Window, starts: Floats) -> tuple[float, float]:
    """How clearly something is said more often from some onset on, as a log likelihood ratio, and that onset.

    Without a before there is nothing to hold it against: what is said counts as often as it is said."""
    if window.start >= window.split:
        return float(len(times)), float(times[0])
    best = (0.0, 0.0)
    total = _passed(clock, window.end.timestamp(), window)
    for onset in starts:
        early = max(_passed(clock, float(onset), window), 0.5)
        late = max(total - early, 0.5)
        before = int(np.searchsorted(times, onset))
        after = len(times) - before
        if after >= FEWEST and after / late > before / early:
            best = max(best, (_ratio(before, after, early / (early + late)), float(onset)))
    return best


def _passed(clock: Floats, at: float, window: Window) -> float:
    """How much went by until a moment: lines where they tell, else seconds."""
    return float(np.searchsorted(clock, at)) if len(clock) else at - window.start.timestamp()


def _ratio(before: int, after: int, share: float) -> float:
    """Log likelihood of so many before and after, over that of one and the same rate."""
    total = before + after
    found = 0.0
    for count, expected in ((before, share), (after, 1.0 - share)):
        if count:
            found += count * float(np.log(count / (total * expected)))
    return found
