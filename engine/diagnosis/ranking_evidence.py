"""Marks suspects by evidence that is judged already: complaints in logs, states of platforms, changes."""

from collections.abc import Iterator, Sequence

from engine.diagnosis.marks import Mark
from engine.model import Evidence

WARNING = 0.05
"""How much less a warning tells than an error."""
LONGEST_BEFORE = 3600.0


def evidence_marks(evidence: Sequence[Evidence]) -> Iterator[Mark]:
    """What judged evidence of one round says; everything, not only what a diagnosis keeps."""
    for each in evidence:
        if not each.abnormal:
            continue
        if each.kind == "log":
            yield from _complaints(each)
        elif each.kind in ("state", "probe"):
            yield _mark(each, str(each.details.get("blamed") or each.service), "state", max(each.unusual, 1.0))
        elif each.kind == "change":
            before = each.details.get("seconds_before_onset")
            if isinstance(before, int | float) and before <= LONGEST_BEFORE:
                yield _mark(each, each.service, "change", 1.0)


def _complaints(each: Evidence) -> Iterator[Mark]:
    """Lines that complain speak of whoever they name; where they name nobody, of whoever wrote them."""
    surplus = each.count * max(0.0, 1.0 - 1.0 / max(each.unusual, 1.0))
    strength = surplus * (WARNING if each.details.get("level") == "warning" else 1.0)
    named = [name for name in each.details.get("mentions", ()) if name != each.service]
    if not named:
        yield _mark(each, each.service, "complaints", strength)
        return
    yield _mark(each, each.service, "complaints_of_others", strength)
    for name in named:
        yield _mark(each, name, "complained_of", strength)


def _mark(each: Evidence, service: str, feature: str, strength: float) -> Mark:
    onset = each.onset.timestamp() if each.onset else None
    return Mark(service, feature, strength, each.summary, each.signal, onset)
