"""Says what to do next: what helps against a proven cause, or the questions that would tell most where none is."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from engine.diagnosis.account import gaps, named
from engine.diagnosis.families import called, family
from engine.diagnosis.guard import ENOUGH_KINDS, Trial
from engine.diagnosis.roles import ROLES
from engine.model import Change, Evidence, Gaps, Phrase, Silence

MOST_STEPS = 6
MOST_QUESTIONS = 3
MOST_DOUBTED = 3
MEASURED = frozenset({"up", "down", "used_up"})
"""What a sign says of a series."""
VAGUE = "diagnosis.offer.configure"
"""What says least of what to do: only where little else is said…"""
ENOUGH_STEPS = 2
"""…than this."""
OF_A_CHANGE = frozenset({"diagnosis.next.diff_release", "diagnosis.next.switch_off", "diagnosis.next.flag_users"})


def to_do(cause: Trial, evidence: Sequence[Evidence], silent: Sequence[Silence]) -> tuple[Phrase, ...]:
    """What would bear out a proven cause that is hearsay, what would help against it, what to look at, and which silent
    source to repair."""
    vague = [each for each in _offers(cause) if each.word == VAGUE]
    helps = [each for each in _offers(cause) if each.word != VAGUE]
    told = [*_bears_out(cause, evidence), *_undo(cause, evidence), *helps, *_looks(cause)]
    distinct = list({each.model_dump_json(): each for each in told}.values())
    return tuple([*distinct, *(vague if len(distinct) < ENOUGH_STEPS else ()), *_repairs(silent)][:MOST_STEPS])


def to_do_there(
    place: str, since: datetime | None, evidence: Sequence[Evidence], silent: Sequence[Silence]
) -> tuple[Phrase, ...]:
    """What to do about a fault of which only the place is known."""
    values: Gaps = {"service": place, "since": since.isoformat(timespec="seconds") if since else "—"}
    changes = [each for each in evidence if each.service == place and each.details.get("implicated")]
    asked = any(each.kind == "change" and each.service == place for each in evidence)
    steps = [_undone(each.change, values) for each in changes[:1] if each.change is not None]
    steps += [] if asked else [Phrase(word="diagnosis.offer.undo_unknown", values=values)]
    steps += [Phrase(word=f"diagnosis.next.{each}", values=values) for each in ("place_inside", "place_owner")]
    return tuple([*steps, *_repairs(silent)][:MOST_STEPS])


def to_tune(silent: Sequence[Silence], service: str) -> tuple[Phrase, ...]:
    """What to do about an alert that nothing stands behind."""
    tune = Phrase(word="diagnosis.next.tune_alert", values={"service": service})
    return tuple([tune, *_repairs(silent), _again(service)][:MOST_STEPS])


def to_find(silent: Sequence[Silence], service: str, values: Gaps) -> tuple[Phrase, ...]:
    """What to do where nobody measures any more how the service does."""
    looks = [Phrase(word=f"diagnosis.{word}", values=values) for word in ("ask.data_ended", "next.platform_events")]
    return tuple([*looks, *_repairs(silent), _again(service)][:MOST_STEPS])


def to_ask(
    trials: Sequence[Trial],
    rivals: Sequence[Trial],
    unusual: Sequence[Evidence],
    silent: Sequence[Silence],
    service: str,
) -> tuple[Phrase, ...]:
    """The questions that would tell most: what would part two equal explanations, what the best one lacks, then what
    the next ones lack; where nothing fits, what nobody has looked at yet."""
    asked = list(_apart(trials[0], rivals)) if trials and rivals else []
    for trial in trials[:MOST_DOUBTED]:
        asked += _lacks(trial)
    service = service or (max(unusual, key=lambda each: each.unusual).service if unusual else "")
    if not trials and unusual:
        asked += _unseen(unusual, service)
    questions = list({each.model_dump_json(): each for each in asked}.values())
    return tuple([*questions[:MOST_QUESTIONS], *_repairs(silent), _again(service)][:MOST_STEPS])


def _apart(first: Trial, rivals: Sequence[Trial]) -> Iterator[Phrase]:
    """What each of two equal explanations says to look at first."""
    for trial in (first, *rivals[:1]):
        yield from _looks(trial)[:1]


def _bears_out(trial: Trial, evidence: Sequence[Evidence]) -> Iterator[Phrase]:
    """Where one log alone tells of a fault: what was not measured yet and would show it, else the log itself."""
    if not trial.hearsay:
        return
    measured = {(each.service, each.signal) for each in evidence if each.count}
    told = next((each for each in _predicted(trial) if each not in measured), None)
    if told is None:
        yield Phrase(word="diagnosis.ask.same_log", values=gaps(trial.suspicion))
        return
    what = Phrase(word=f"evidence.signal.{told[1]}", values={"service": told[0]})
    yield Phrase(word="diagnosis.ask.bears_out", values={**gaps(trial.suspicion), "what": what})


def _predicted(trial: Trial) -> Iterator[tuple[str, str]]:
    """The series that would show this fault in particular, each with its service, the most telling first."""
    there = {"self": trial.suspicion.service, "own": trial.suspicion.service, "peer": trial.suspicion.peer}
    for clue, _ in (*trial.required, *trial.supporting):
        for sign in clue.any if not clue.vague else ():
            if sign.state in MEASURED and there.get(sign.where):
                yield from ((there[sign.where], signal) for signal in sign.signals if signal in ROLES)


def _lacks(trial: Trial) -> Iterator[Phrase]:
    for clue in trial.missing:
        yield Phrase(word=f"diagnosis.ask.{clue.name}", values={**gaps(trial.suspicion), "told": clue.told})
    if trial.kinds < ENOUGH_KINDS and not trial.missing:
        seen = {each.kind for each in trial.evidence if each.abnormal}
        yield Phrase(word=f"diagnosis.ask.{'harm' if 'log' in seen else 'own_failures'}", values=gaps(trial.suspicion))
    for each in trial.stray[:1]:
        yield Phrase(word="diagnosis.ask.stray", values={**gaps(trial.suspicion), "what": each.summary})
    for _, hits in trial.open[:1]:
        yield Phrase(word="diagnosis.ask.contradiction", values={"what": hits[0].summary})


def _unseen(unusual: Sequence[Evidence], service: str) -> Iterator[Phrase]:
    """What nobody has looked at, of a trouble that fits nothing known."""
    seen = {each.kind for each in unusual}
    since = min((each.onset for each in unusual if each.onset), default=None)
    values = {"service": service, "since": since.isoformat(timespec="seconds") if since else "—"}
    for word, kinds in (("own_failures", {"log", "trace"}), ("change_before", {"change"}), ("harm", {"metric", "sli"})):
        if not kinds & seen:
            yield Phrase(word=f"diagnosis.ask.{word}", values={**values})


def _repairs(silent: Sequence[Silence]) -> list[Phrase]:
    return [
        Phrase(word="diagnosis.next.repair_source", values={"source": each.source, "reason": each.reason})
        for each in {each.source: each for each in silent}.values()
    ]


def _again(service: str) -> Phrase:
    return Phrase(word="diagnosis.next.look_again", values={"service": service})


def _looks(trial: Trial) -> list[Phrase]:
    """What to look at; nothing about a change where none is named."""
    known = trial.suspicion.change is not None
    words = [word for word in trial.pattern.next_steps if known or word not in OF_A_CHANGE]
    own = [Phrase(word="diagnosis.next.of_team", values={"text": text}) for text in trial.pattern.look_at]
    return [*own, *(Phrase(word=word, values=gaps(trial.suspicion)) for word in words)]


def _undo(trial: Trial, evidence: Sequence[Evidence]) -> Iterator[Phrase]:
    """To take back the change that is named; where a change may have done it and nobody has told of any, to ask."""
    change = named(trial)
    if change is not None:
        yield _undone(change, gaps(trial.suspicion))
        return
    asked = any(each.kind == "change" and each.service == trial.suspicion.service for each in evidence)
    if "rollback" in trial.pattern.offers and not asked:
        yield Phrase(word="diagnosis.offer.undo_unknown", values=gaps(trial.suspicion))


def _undone(change: Change, values: Gaps) -> Phrase:
    """How a change of this sort is taken back."""
    told = {**values, "version": called(change), "previous": change.previous_version or "—"}
    sort = family(change)
    if sort == "flag":
        return Phrase(word="diagnosis.next.switch_off", values=told)
    if sort == "release" and change.version and change.previous_version:
        return Phrase(word="diagnosis.offer.rollback", values=told)
    return Phrase(word=f"diagnosis.offer.undo_{'release' if sort == 'release' else 'change'}", values=told)


def _offers(trial: Trial) -> list[Phrase]:
    """What would help, by its class; a release is taken back only where one is named, and known by what ran before."""
    change = trial.suspicion.change
    known = change is not None and bool(change.version and change.previous_version)
    offers = [each for each in trial.pattern.offers if each != "rollback" or known]
    return [Phrase(word=f"diagnosis.offer.{each}", values=gaps(trial.suspicion)) for each in offers]
