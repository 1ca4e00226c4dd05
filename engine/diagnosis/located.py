"""Names where the trouble comes from where no pattern says what it is: a cause with a place and no remedy."""

from engine.diagnosis import account
from engine.diagnosis.testimony import judged_alone
from engine.model import Claim, Diagnosis, Evidence, EvidenceKind, Hypothesis, Phrase, Suspect, Sweep

CATEGORY = "service_fault"
SURE = 0.7
"""How sure the ranking must be of one suspect…"""
FEWEST_KINDS = 2
"""…and how many kinds of evidence must speak for it."""
HARDLY = 0.1
SURER = 0.1
"""A pattern that blames somebody whom the ranking hardly suspects gives way to a suspect that is surer by this much."""
NO_WITNESS: frozenset[EvidenceKind] = frozenset({"sli", "change"})


def located(found: Diagnosis, sweep: Sweep) -> Diagnosis:
    """The diagnosis itself where it names a cause or all is calm; else, with a sure suspect, one of the place."""
    first = sweep.suspects[0] if sweep.suspects else None
    if found.quiet or first is None or first.confidence < SURE or not _contests(first, found.cause, sweep):
        return found
    cited = [each for each in sweep.evidence if each.id in first.evidence_ids]
    # A ranking is always of somebody: of a calm place, too, all there is may have moved a little.
    if not judged_alone(cited) or len({each.kind for each in cited} - NO_WITNESS) < FEWEST_KINDS:
        return found
    return found.model_copy(
        update={
            "verdict": "conclusive",
            "hypotheses": (_hypothesis(first, cited), *found.hypotheses),
            "sequence": account.sequence(cited, first.onset),
            "why_inconclusive": (),
        }
    )


def specified(found: Diagnosis, there: Diagnosis) -> Diagnosis:
    """A diagnosis of the place with what a look at that place alone proves of it: then the fault has a name, what helps
    against it is known, and it is as sure as both."""
    place, cause = found.hypotheses[0], there.cause
    if cause is None or cause.service != place.service or cause.peer:
        return found
    cited = {id for claim in cause.supporting for id in claim.evidence_ids}
    more = [claim for claim in place.supporting if not cited.issuperset(claim.evidence_ids)]
    named = cause.model_copy(
        update={
            "confidence": min(cause.confidence, place.confidence),
            "supporting": (*cause.supporting, *more),
        }
    )
    others = [each for each in found.hypotheses[1:] if (each.category, each.service) != (cause.category, cause.service)]
    return found.model_copy(update={"hypotheses": (named, *others), "next_steps": there.next_steps})


def _contests(first: Suspect, cause: Hypothesis | None, sweep: Sweep) -> bool:
    """Whether nobody is blamed yet, or somebody of whom all that was observed hardly speaks."""
    if cause is None:
        return True
    blamed = cause.peer or cause.service
    share = next((each.probability for each in sweep.suspects if each.service == blamed), 0.0)
    return blamed != first.service and share < HARDLY and first.confidence > cause.confidence + SURER


def _hypothesis(suspect: Suspect, cited: list[Evidence]) -> Hypothesis:
    since = f"{suspect.onset:%H:%M:%S} UTC" if suspect.onset else "—"
    return Hypothesis(
        category=CATEGORY,
        service=suspect.service,
        title=Phrase(word="pattern.service_fault.title", values={"service": suspect.service, "since": since}),
        confidence=round(suspect.confidence, 2),
        supporting=tuple(Claim(phrase=each.summary, evidence_ids=(each.id,)) for each in cited),
    )
