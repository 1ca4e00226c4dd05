"""Names where the trouble comes from where no pattern says what it is: a cause with a place and no remedy."""

from engine.diagnosis import account
from engine.model import Claim, Diagnosis, Evidence, EvidenceKind, Hypothesis, Phrase, Suspect, Sweep

CATEGORY = "service_fault"
SURE = 0.7
"""How sure the ranking must be of one suspect…"""
FEWEST_KINDS = 2
"""…and how many kinds of evidence must speak for it."""
NO_WITNESS: frozenset[EvidenceKind] = frozenset({"sli", "change"})


def located(found: Diagnosis, sweep: Sweep) -> Diagnosis:
    """The diagnosis itself where it names a cause or all is calm; else, with a sure suspect, one of the place."""
    first = sweep.suspects[0] if sweep.suspects else None
    if found.cause is not None or found.quiet or first is None or first.confidence < SURE:
        return found
    cited = [each for each in sweep.evidence if each.id in first.evidence_ids]
    if len({each.kind for each in cited} - NO_WITNESS) < FEWEST_KINDS:
        return found
    return found.model_copy(
        update={
            "verdict": "conclusive",
            "hypotheses": (_hypothesis(first, cited), *found.hypotheses),
            "sequence": account.sequence(cited, first.onset),
            "why_inconclusive": (),
        }
    )


def _hypothesis(suspect: Suspect, cited: list[Evidence]) -> Hypothesis:
    since = f"{suspect.onset:%H:%M:%S} UTC" if suspect.onset else "—"
    return Hypothesis(
        category=CATEGORY,
        service=suspect.service,
        title=Phrase(word="pattern.service_fault.title", values={"service": suspect.service, "since": since}),
        confidence=round(suspect.confidence, 2),
        supporting=tuple(Claim(phrase=each.summary, evidence_ids=(each.id,)) for each in cited),
    )
