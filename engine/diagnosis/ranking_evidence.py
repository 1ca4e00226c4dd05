"""Marks suspects by evidence that is judged already: states of platforms, changes before the onset."""

from collections.abc import Iterator, Sequence

from engine.diagnosis.marks import Mark
from engine.model import Evidence

LONGEST_BEFORE = 3600.0


def evidence_marks(evidence: Sequence[Evidence]) -> Iterator[Mark]:
    """What judged evidence of one round says; everything, not only what a diagnosis keeps."""
    for each in evidence:
        if not each.abnormal:
            continue
        if each.kind in ("state", "probe"):
            for service in _blamed(each):
                yield _mark(each, service, "state", max(each.unusual, 1.0))
        elif each.kind == "change":
            before = each.details.get("seconds_before_onset")
            if isinstance(before, int | float) and before <= LONGEST_BEFORE:
                yield _mark(each, each.service, "change", 1.0)


def _blamed(each: Evidence) -> Sequence[str]:
    """Whom a state points at: who is blamed for it, whom a health check calls unwell, else whose it is."""
    if blamed := each.details.get("blamed"):
        return (str(blamed),)
    return [str(name) for name in each.details.get("mentions", ())] or (each.service,)


def _mark(each: Evidence, service: str, feature: str, strength: float) -> Mark:
    onset = each.onset.timestamp() if each.onset else None
    return Mark(service, feature, strength, each.summary, each.signal, onset, kind=each.kind)
