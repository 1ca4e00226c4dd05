"""Lets what a cluster's state proves weigh in on who is suspected: services, the namespace, nodes."""

from collections.abc import Collection, Mapping, Sequence

from engine.diagnosis.cluster.findings import ROOT
from engine.model import Evidence, Suspect

MOST_SHARE = 0.9
"""How much of all suspicion a finding as strong as can be takes to whom it blames."""
WEAK_SHARE = 0.25
"""How much of that a finding takes which is too weak to explain others."""
SHARPNESS = 8.0
"""How much more a stronger finding weighs than a weaker one."""
UNEXPLAINED = 0.9
"""What a symptom that nothing explains is worth of a root of the same strength."""


def with_state(
    suspects: Sequence[Suspect], evidence: Sequence[Evidence], candidates: Collection[str]
) -> tuple[Suspect, ...]:
    """The suspects, weighed anew with what was found in clusters; the same where nothing was.

    A finding is a fact about one object, not a deviation of one series among hundreds: a strong one outweighs what
    statistics make of the rest, a weak one only breaks ties. Services count where they are candidates; what they run on
    always may be to blame.
    """
    blamed = {
        name: each for name, each in blame(evidence).items() if name in candidates or each.details["scope"] != "service"
    }
    if not blamed:
        return tuple(suspects)
    shares = _shares(blamed)
    strongest = max(strength(each) for each in blamed.values())
    taken = MOST_SHARE * strongest * (1.0 if strongest >= ROOT else WEAK_SHARE)
    known = {each.service: each for each in suspects}
    everybody = {name: Suspect(service=name, probability=0.0) for name in blamed} | known
    weighed = [_weighed(suspect, shares.get(name, 0.0), taken, blamed.get(name)) for name, suspect in everybody.items()]
    return tuple(sorted(weighed, key=lambda each: (-each.probability, each.service)))


def blame(evidence: Sequence[Evidence]) -> dict[str, Evidence]:
    """Who is blamed for what was found in clusters, a service, the namespace or a node, each by the weightiest finding.
    A symptom that nothing explains points at its own service, if weakly; one that is explained points nowhere."""
    found = [each for each in evidence if each.details.get("finding") and not each.peer and not each.details["because"]]
    blamed: dict[str, Evidence] = {}
    for each in sorted(found, key=strength, reverse=True):
        blamed.setdefault(str(each.details["blamed"]), each)
    return blamed


def strength(found: Evidence) -> float:
    """How strongly what was found blames somebody."""
    return float(found.details["strength"]) * (UNEXPLAINED if found.details["symptom"] else 1.0)


def _shares(blamed: Mapping[str, Evidence]) -> dict[str, float]:
    weights = {name: strength(each) ** SHARPNESS for name, each in blamed.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _weighed(suspect: Suspect, share: float, taken: float, found: Evidence | None) -> Suspect:
    probability = (1 - taken) * suspect.probability + taken * share
    if found is None or taken * share < (1 - taken) * suspect.probability:
        return suspect.model_copy(update={"probability": probability})
    told = {"signal": str(found.details["finding"]), "reasons": (found.summary, *suspect.reasons)}
    return suspect.model_copy(update={"probability": probability, "onset": found.onset or suspect.onset, **told})
