"""Names where the trouble comes from where no pattern says what it is: a cause with a place and no remedy."""

from collections.abc import Sequence
from datetime import datetime

from engine.diagnosis import account, steps
from engine.diagnosis.calm import FAILURES, is_rare
from engine.diagnosis.roles import HARM
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
    if (
        found.quiet
        or found.unmeasured
        or first is None
        or first.confidence < SURE
        or not _contests(first, found.cause, sweep)
    ):
        return found
    cited = [each for each in sweep.evidence if each.id in first.evidence_ids and not is_background(each, sweep)]
    # A ranking is always of somebody: where all is well, too, all there is may have moved a little.
    if not judged_alone(cited) and _is_well(first.service, sweep):
        return found
    if len({each.kind for each in cited} - NO_WITNESS) < FEWEST_KINDS:
        return found
    return found.model_copy(
        update={
            "verdict": "conclusive",
            "hypotheses": (_hypothesis(first, cited), *found.hypotheses),
            "sequence": account.sequence(cited, first.onset),
            "why_inconclusive": (),
            "next_steps": steps.to_do_there(first.service, _began(first, cited), sweep.evidence, sweep.silent),
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


def is_background(each: Evidence, sweep: Sweep) -> bool:
    """Whether these are failures of so few that only a ranking feels them: below what is unusual for their share."""
    if each.signal in FAILURES:
        return not judged_alone([each])
    return (each.kind == "log" or each.signal == "error_span") and is_rare(each, sweep.evidence)


def _is_well(service: str, sweep: Sweep) -> bool:
    """Whether its failures were measured, and nothing that is felt of it is unusual by itself."""
    felt = [each for each in judged_alone(sweep.evidence) if each.service == service and each.signal in HARM]
    measured = any(each.signal in FAILURES and each.count for each in felt)
    return measured and not any(each.abnormal for each in felt)


def _began(suspect: Suspect, cited: Sequence[Evidence]) -> datetime | None:
    """When the first of what is cited began: the card must not tell two moments."""
    return min((each.onset for each in cited if each.onset), default=suspect.onset)


def _hypothesis(suspect: Suspect, cited: list[Evidence]) -> Hypothesis:
    began = _began(suspect, cited)
    since = began.isoformat(timespec="seconds") if began else "—"
    return Hypothesis(
        category=CATEGORY,
        service=suspect.service,
        title=Phrase(word="pattern.service_fault.title", values={"service": suspect.service, "since": since}),
        confidence=round(suspect.confidence, 2),
        supporting=tuple(Claim(phrase=each.summary, evidence_ids=(each.id,)) for each in cited),
    )
