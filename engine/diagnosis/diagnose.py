"""Names the cause that the evidence proves, or says that it proves none."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.diagnosis import account, steps
from engine.diagnosis.binding import bound
from engine.diagnosis.calm import calm, ended
from engine.diagnosis.clues import Suspicion, by_signal
from engine.diagnosis.guard import Court, Trial, attempt, explained, rivals
from engine.diagnosis.localisation import suspicions
from engine.diagnosis.patterns import PATTERNS, Pattern
from engine.model import Diagnosis, Evidence, Gaps, Phrase, Silence, Window
from engine.team import Service

MOST_HYPOTHESES = 4
DEEPER = 0.04
"""How much a link further down the chain is preferred: it explains what the links above show."""


def diagnose(
    evidence: Sequence[Evidence],
    silent: Sequence[Silence],
    services: Mapping[str, Service],
    service: str,
    window: Window,
    patterns: Sequence[Pattern] = PATTERNS,
) -> Diagnosis:
    """Weigh the evidence of one sweep about `service`. Pure: the same evidence in any order gives the same diagnosis.

    `services` is the team's catalogue, from which the dependencies come; words of alerts never enter. Evidence from
    outside the window's reach is not weighed. `patterns` are the faults it may be.
    """
    weighed = sorted((each for each in evidence if each.onset is None or each.onset <= window.end), key=_by_number)
    suspects = suspicions(weighed, services, service, window)
    trials = _cause_first(_ranked(_trials(weighed, silent, suspects, patterns), patterns))
    proven = [trial for trial in trials if not trial.objections()]
    close = rivals(proven[0], trials) if proven else ()
    if proven and not close:
        return _conclusive(proven[0], trials, weighed, silent)
    return _inconclusive(weighed, trials, close, silent, service)


def _by_number(each: Evidence) -> tuple[str, int, str]:
    """Order by kind and number, so that ev_metric_10 comes after ev_metric_9."""
    digits = re.search(r"(\d+)$", each.id)
    return each.kind, int(digits.group(1)) if digits else 0, each.id


def _trials(
    evidence: Sequence[Evidence],
    silent: Sequence[Silence],
    suspects: Iterable[Suspicion],
    patterns: Sequence[Pattern],
) -> Iterator[Trial]:
    if not evidence:
        return
    court = Court(by_signal(evidence), len({each.source for each in silent}), patterns)
    for suspicion in suspects:
        for pattern in patterns:
            if (suspicion.calls_it and not pattern.floods) or not _may_be_at(suspicion.service, pattern):
                continue
            for suspect in bound(suspicion, pattern.scope, evidence):
                trial = attempt(pattern, suspect, court)
                if trial is not None:
                    yield trial


def _may_be_at(service: str, pattern: Pattern) -> bool:
    return not pattern.services or service in pattern.services


def _ranked(trials: Iterator[Trial], patterns: Sequence[Pattern]) -> list[Trial]:
    """Best first; of one category at one place only the best."""
    order = {pattern.category: place for place, pattern in enumerate(patterns)}
    ordered = sorted(
        trials,
        key=lambda trial: (
            bool(trial.objections()),
            -(trial.confidence + DEEPER * trial.suspicion.depth),
            len(trial.missing),
            order[trial.pattern.category],
            -len(trial.evidence),
            trial.suspicion.service,
            trial.suspicion.peer,
        ),
    )
    best: dict[tuple[str, str], Trial] = {}
    for trial in ordered:
        best.setdefault((trial.pattern.category, trial.suspicion.service), trial)
    return list(best.values())


def _cause_first(trials: list[Trial]) -> list[Trial]:
    """The best proven fault that no other proven one brings about stands before its course."""
    proven = [trial for trial in trials if not trial.objections()]
    cause = next((trial for trial in proven if not explained(trial, proven)), None)
    return trials if cause is None else [cause, *(trial for trial in trials if trial is not cause)]


def _conclusive(
    cause: Trial, trials: Sequence[Trial], evidence: Sequence[Evidence], silent: Sequence[Silence]
) -> Diagnosis:
    shown = [cause, *(trial for trial in trials if trial is not cause)][:MOST_HYPOTHESES]
    return Diagnosis(
        verdict="conclusive",
        hypotheses=(account.hypothesis(cause), *(account.hypothesis(trial, cause) for trial in shown[1:])),
        sequence=account.sequence((each for each in cause.evidence if each.abnormal), cause.suspicion.onset),
        next_steps=steps.to_do(cause, evidence, silent),
    )


def _inconclusive(
    evidence: Sequence[Evidence],
    trials: Sequence[Trial],
    close: Sequence[Trial],
    silent: Sequence[Silence],
    service: str,
) -> Diagnosis:
    unusual = [each for each in evidence if each.abnormal and each.kind != "state"]
    if calm(evidence, service):
        return _calm(evidence, silent, service)
    first = trials[0] if trials else None
    return Diagnosis(
        verdict="inconclusive",
        hypotheses=tuple(account.hypothesis(trial) for trial in trials[:MOST_HYPOTHESES]),
        sequence=account.sequence(unusual, first.suspicion.onset if first else None),
        why_inconclusive=_why(first, close, unusual=bool(unusual), seen=bool(evidence)),
        next_steps=steps.to_ask(trials, close, unusual, silent, service),
    )


def _calm(evidence: Sequence[Evidence], silent: Sequence[Silence], service: str) -> Diagnosis:
    """That nothing harmful was seen: probably a false alarm, unless nobody measures any more whether that is so."""
    unusual = [each for each in evidence if each.abnormal and each.kind != "state"]
    gone = ended(evidence, service)
    values: Gaps = {"service": service, "since": str(gone.details["ended"])} if gone else {}
    return Diagnosis(
        verdict="inconclusive",
        sequence=account.sequence(unusual, None),
        why_inconclusive=(Phrase(word="diagnosis.why.data_ended" if gone else "diagnosis.why.quiet", values=values),),
        next_steps=steps.to_find(silent, service, values) if gone else steps.to_tune(silent, service),
        quiet=gone is None,
        unmeasured=gone is not None,
    )


def _why(first: Trial | None, close: Sequence[Trial], *, unusual: bool, seen: bool) -> tuple[Phrase, ...]:
    if close:
        return (Phrase(word="diagnosis.why.rival", values={"other": account.title(close[0])}),)
    if first is not None:
        return first.objections()
    if not seen:
        return (Phrase(word="diagnosis.why.no_evidence"),)
    return (Phrase(word="diagnosis.why.no_pattern" if unusual else "diagnosis.why.nothing_unusual"),)
