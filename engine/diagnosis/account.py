"""Words a diagnosis: what broke, since when, why we think so, and what speaks against it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from engine.diagnosis.clues import Suspicion
from engine.diagnosis.families import called
from engine.diagnosis.guard import Seen, Trial, brings_about
from engine.model import Change, Claim, Evidence, Gaps, Hypothesis, Phrase, Quantity

MOST_MOMENTS = 8
MOST_IDS = 4
OF_A_SORT = frozenset({"bad_release", "deploy_db_regression", "feature_flag"})
"""Faults whose title names the change, and calls it a release or a switch."""


def gaps(suspicion: Suspicion) -> Gaps:
    """What fills the gaps of titles and steps: service, peer, version, previous, since."""
    change = suspicion.change
    return {
        "service": suspicion.service,
        "peer": suspicion.peer or ", ".join(sorted(suspicion.peers)) or "—",
        "version": called(change) if change else "—",
        "previous": (change.previous_version or "—") if change else "—",
        "since": suspicion.onset.isoformat(timespec="seconds") if suspicion.onset else "—",
    }


def named(trial: Trial) -> Change | None:
    """The change a hypothesis names: the one it blames; beside a fault that can be released or set, the one to which
    more than its moment points, or which nobody told enough of to be cleared, and which stands alone."""
    suspicion = trial.suspicion
    if "change" in trial.pattern.scope:
        return suspicion.change
    if not trial.pattern.by_change or suspicion.change is None or suspicion.doubts:
        return None
    cleared = any(
        each.details.get("known") and not each.details.get("implicated")
        for clue, hits in trial.supporting
        if clue.name == "change_before"
        for each in hits
    )
    return suspicion.change if suspicion.implicated or not cleared else None


def title(trial: Trial) -> Phrase:
    """What broke, in one line: in our words, or in a team's own."""
    pattern = trial.pattern
    if pattern.title:
        return Phrase(word="pattern.of_team.title", values={**gaps(trial.suspicion), "title": pattern.title})
    # A pattern that asks for a change of another sort than the one there was must not name that one.
    unknown = "change" in pattern.scope and pattern.required[0] in trial.missing
    name = "title_unknown" if unknown and pattern.category in OF_A_SORT else "title"
    return Phrase(word=f"pattern.{pattern.category}.{name}", values=gaps(trial.suspicion))


def hypothesis(trial: Trial, cause: Trial | None = None) -> Hypothesis:
    """One possible cause with its claims; every claim cites the evidence it rests on. `cause`: what was named instead,
    which may bring this about."""
    pattern, suspicion = trial.pattern, trial.suspicion
    return Hypothesis(
        category=pattern.category,
        service=suspicion.service,
        peer=suspicion.peer,
        change=named(trial),
        title=title(trial),
        confidence=trial.confidence,
        supporting=_claims(trial, (*trial.required, *trial.supporting)),
        contradicting=(
            *_course(trial, cause),
            *_against(trial.open, "open"),
            *_hearsay(trial),
            *_against(trial.answered, "answered"),
            *(
                Claim(
                    phrase=Phrase(word="diagnosis.against.unexplained", values={"what": each.summary}),
                    evidence_ids=(each.id,),
                )
                for each in trial.unexplained[:MOST_IDS]
            ),
        ),
    )


def _claims(trial: Trial, seen: Seen) -> tuple[Claim, ...]:
    """One claim per clue that shows, by what it rests on first; one that only repeats what is cited adds nothing."""
    cited: set[str] = set()
    told: set[str] = set()
    claims = []
    for clue, hits in seen:
        if all(each.id in cited for each in hits):
            continue
        leading = [each for each in hits if each.kind == hits[0].kind][:MOST_IDS]
        # One of every other kind is cited too: a cause rests on independent kinds, and a reader must see which.
        best = [*leading, *{each.kind: each for each in reversed(hits) if each.kind != hits[0].kind}.values()]
        what = _with_log(sorted(best, key=lambda each: each.id in cited), told)
        cited |= {each.id for each in best}
        phrase = Phrase(word=f"diagnosis.clue.{clue.name}", values={**gaps(trial.suspicion), "what": what})
        claims.append(Claim(phrase=phrase, evidence_ids=tuple(each.id for each in best)))
    return tuple(claims)


def _with_log(best: Sequence[Evidence], told: set[str]) -> Phrase:
    """What the first of them says; beside a figure also what the log says of it, once: names that people need stand
    there alone."""
    first = best[0]
    log = next((each for each in best if each.kind == "log"), None)
    text = log.summary.values.get("text") if log else None
    if log is None or not text or log.id in told:
        return first.summary
    told.add(log.id)
    return (
        first.summary
        if first is log
        else Phrase(word="diagnosis.with_log", values={"what": first.summary, "text": text})
    )


def _against(seen: Seen, how: str) -> tuple[Claim, ...]:
    return tuple(
        Claim(
            phrase=Phrase(word=f"diagnosis.against.{how}", values={"what": hits[0].summary}),
            evidence_ids=tuple(each.id for each in hits[:MOST_IDS]),
        )
        for _, hits in seen
    )


def _course(trial: Trial, cause: Trial | None) -> tuple[Claim, ...]:
    """That this is what the named cause brings about: else people would see two causes that are as sure."""
    if cause is None or not brings_about(cause, trial):
        return ()
    ids = tuple(each.id for each in cause.telling[:MOST_IDS])
    return (Claim(phrase=Phrase(word="diagnosis.against.course", values={"cause": title(cause)}), evidence_ids=ids),)


def _hearsay(trial: Trial) -> tuple[Claim, ...]:
    """What makes one doubt a fault that one log alone tells of."""
    if not trial.hearsay:
        return ()
    phrase = Phrase(word="diagnosis.against.hearsay", values={"service": trial.telling[0].service})
    return (Claim(phrase=phrase, evidence_ids=tuple(each.id for each in trial.telling[:MOST_IDS])),)


def sequence(evidence: Iterable[Evidence], onset: datetime | None) -> tuple[Claim, ...]:
    """What happened in order of time, in seconds before and after the onset; the weightiest eight moments."""
    dated = [(each.onset, each) for each in evidence if each.onset is not None]
    if not dated:
        return ()
    zero = onset or min(at for at, _ in dated)
    weighty = sorted(dated, key=lambda pair: (pair[1].change is None, -pair[1].unusual, pair[1].id))[:MOST_MOMENTS]
    return tuple(
        Claim(phrase=_moment((at - zero).total_seconds(), each.summary), evidence_ids=(each.id,))
        for at, each in sorted(weighty, key=lambda pair: (pair[0], pair[1].change is None, pair[1].id))
    )


def _moment(offset: float, what: Phrase) -> Phrase:
    if abs(offset) < 1.0:
        return Phrase(word="diagnosis.moment.onset", values={"what": what})
    word = "diagnosis.moment.before" if offset < 0 else "diagnosis.moment.after"
    return Phrase(word=word, values={"offset": Quantity(value=abs(offset), unit="seconds"), "what": what})
