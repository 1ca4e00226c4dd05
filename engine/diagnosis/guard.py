"""Holds back causes that are not proven: too few kinds of evidence, effect before cause, an open contradiction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from engine.diagnosis.clues import BySignal, Clue, Suspicion, found
from engine.diagnosis.cluster.evidence import weight
from engine.diagnosis.families import called
from engine.diagnosis.patterns import Pattern
from engine.diagnosis.roles import HARM, ROLES
from engine.model import Evidence, Gaps, Phrase

THRESHOLD = 0.6
HIGHEST, LOWEST = 0.95, 0.2
UNPROVEN = 0.4
"""No hypothesis with an objection is believed more than this."""
SUPPORT, COMPLETE = 0.1, 0.05
PER_CONTRADICTION, PER_ANSWERED, PER_SILENCE, PER_MISSING_KIND = 0.25, 0.02, 0.03, 0.06
MOST_SILENCES = 2
PER_UNEXPLAINED, MOST_UNEXPLAINED = 0.08, 3
WEIGHTS = {"metric": 1.0, "log": 1.0, "trace": 1.0, "change": 1.0, "probe": 1.0, "sli": 0.0}
ENOUGH_KINDS = 2.0
MANY_KINDS = 3.0
CLOSE = 0.05
GROUND = frozenset({"namespace", "node"})
HARDLY_LESS = 0.2
"""How much less certain a cause may be than its course and still be called the cause."""

OUTER = frozenset({"traffic", "queries", "retries", "cpu_throttled_ratio", "open_circuits"})
INNER = frozenset(ROLES) - OUTER - (frozenset(HARM) - {"auth_failed_ratio", "tls_errors", "restarts", "oom_kills"})
"""Series that tell what goes on inside a service, not how it is felt or what is asked of it."""

FAR = ((10.0, 0.03), (30.0, 0.06), (60.0, 0.1))
"""Minutes between a change and the trouble, and what they cost."""

MERELY_FELT = frozenset({"sli", "error_ratio", "unavailable_ratio", "timeout_ratio", "latency_p95"})

HEARSAY, LIKELY = 0.1, 0.74
"""What it costs that one log alone says what the fault is, and the most that is believed then: its lines may be of
another moment, place or trouble, and nothing would show it."""

Seen = tuple[tuple[Clue, tuple[Evidence, ...]], ...]


@dataclass(frozen=True)
class Trial:
    """A pattern tried on one suspicion: which of its clues show, in which evidence, and how far that carries."""

    pattern: Pattern
    suspicion: Suspicion
    required: Seen
    supporting: Seen
    open: Seen
    answered: Seen
    unexplained: tuple[Evidence, ...]
    silences: int

    @property
    def missing(self) -> tuple[Clue, ...]:
        """Required clues that do not show."""
        return tuple(clue for clue, hits in self.required if not hits)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """All that speaks for it, each once."""
        return tuple({each.id: each for _, hits in (*self.required, *self.supporting) for each in hits}.values())

    @property
    def kinds(self) -> float:
        """How many independent kinds of evidence show something unusual; the alert's SLI counts nothing, and platform
        state as much as there are who say it."""
        odd = [each for each in self.evidence if each.abnormal]
        kinds = sum(WEIGHTS[kind] for kind in {each.kind for each in odd} - {"state"})
        return kinds + (weight(odd) if any(each.kind == "state" for each in odd) else 0.0)

    @property
    def stray(self) -> tuple[Evidence, ...]:
        """What does not belong to it, where one kind of evidence alone tells of this fault in particular and another
        tells of something else inside the service: a log of one thing beside figures of another."""
        told = {each.kind for each in self.telling}
        if len(told) != 1 or told == {"state"}:
            return ()
        return tuple(each for each in self.unexplained if each.kind not in told)

    @cached_property
    def telling(self) -> tuple[Evidence, ...]:
        """What tells of this fault in particular, not only that users feel something, and where."""
        shown = (hits for clue, hits in (*self.required, *self.supporting) if not clue.vague)
        return tuple({each.id: each for hits in shown for each in hits if each.abnormal}.values())

    @property
    def hearsay(self) -> bool:
        """Whether the log of one service alone says that it is this fault."""
        return {each.kind for each in self.telling} == {"log"} and len({each.service for each in self.telling}) == 1

    @property
    def score(self) -> float:
        """Confidence before objections: how well it fits, and less where that is hearsay."""
        return max(LOWEST, min(self.fit - HEARSAY, LIKELY)) if self.hearsay else self.fit

    @property
    def fit(self) -> float:
        """Base times the share of required clues, and what supports or weakens it."""
        share = sum(1 for _, hits in self.required if hits) / len(self.required)
        support = sum(1 for _, hits in self.supporting if hits) / max(len(self.supporting), 1)
        score = self.pattern.base * share + SUPPORT * support + (COMPLETE if share == 1.0 else 0.0)
        score -= PER_CONTRADICTION * len(self.open) + PER_ANSWERED * len(self.answered)
        score -= PER_UNEXPLAINED * min(len(self.unexplained), MOST_UNEXPLAINED)
        score -= self._far
        score -= PER_SILENCE * min(self.silences, MOST_SILENCES)
        score -= PER_MISSING_KIND * max(0.0, MANY_KINDS - self.kinds)
        return min(HIGHEST, max(LOWEST, score))

    @property
    def implicated(self) -> bool:
        """Whether more than its moment points to the change this blames."""
        return self.suspicion.implicated

    @property
    def _far(self) -> float:
        """What a change costs that only its moment points to, the longer the trouble waited for it."""
        change, onset = self.suspicion.change, self.suspicion.onset
        if "change" not in self.pattern.scope or self.implicated or change is None or onset is None:
            return 0.0
        minutes = (onset - change.at).total_seconds() / 60.0
        return max((cost for over, cost in FAR if minutes > over), default=0.0)

    @property
    def confidence(self) -> float:
        """The score, capped while anything is held against it; two digits."""
        return round(min(self.score, UNPROVEN) if self.objections() else self.score, 2)

    def objections(self) -> tuple[Phrase, ...]:
        """Why this may not be called the cause; empty where it may."""
        raised: list[Phrase] = [
            Phrase(
                word="diagnosis.objection.missing", values={"clue": missing(clue), "service": self.suspicion.service}
            )
            for clue in self.missing
        ]
        if not self.suspicion.linked:
            raised.append(Phrase(word="diagnosis.objection.not_linked", values={"service": self.suspicion.service}))
        if self.suspicion.late:
            raised.append(Phrase(word="diagnosis.objection.late", values={"service": self.suspicion.service}))
        if "change" in self.pattern.scope and self.suspicion.doubts:
            other = self.suspicion.doubts[0]
            values: Gaps = {
                "service": self.suspicion.service,
                "version": called(other),
                "at": f"{other.at:%H:%M:%S} UTC",
            }
            raised.append(Phrase(word="diagnosis.objection.several_changes", values=values))
        if self.kinds < ENOUGH_KINDS:
            raised.append(Phrase(word="diagnosis.objection.one_kind"))
        raised += [
            Phrase(word="diagnosis.objection.contradiction", values={"what": hits[0].summary}) for _, hits in self.open
        ]
        raised += [Phrase(word="diagnosis.objection.stray", values={"what": each.summary}) for each in self.stray[:1]]
        if not raised and self.score < THRESHOLD:
            raised.append(Phrase(word="diagnosis.objection.weak"))
        return tuple(raised)


@dataclass(frozen=True)
class Court:
    """What every trial is held before: the evidence, how many sources stayed silent, and the faults it may be."""

    evidence: BySignal
    silences: int
    patterns: Sequence[Pattern]

    @cached_property
    def accounts(self) -> Mapping[str, frozenset[str]]:
        """By category, the signals that show in it or in any fault it brings about. Only looked at where there is
        something to be tried: of many alerts at once, most have nothing."""
        return accounts(self.patterns)


def accounts(patterns: Sequence[Pattern]) -> Mapping[str, frozenset[str]]:
    """By category, the signals that show in it or in any fault it brings about. What merely looks like a bad release
    brings about nothing of what bad releases can; and what users may feel of any fault is accounted for by none, unless
    a change is to blame, which may alter anything."""
    known = {pattern.category: pattern for pattern in patterns}

    def below(category: str, found: set[str], first: bool = True) -> set[str]:
        if category in known and category not in found and (first or "change" not in known[category].scope):
            found.add(category)
            for course in known[category].explains:
                below(course, found, first=False)
        return found

    return {
        category: frozenset(
            signal
            for each in below(category, set())
            for clue in (*known[each].required, *known[each].supporting)
            if "change" in known[each].scope or not clue.vague
            for sign in clue.any
            for signal in sign.signals
        )
        for category in known
    }


def missing(clue: Clue) -> Phrase:
    """What a required clue would be, where it does not show."""
    return Phrase(word=f"diagnosis.missing.{clue.name}", values={"told": clue.told} if clue.told else {})


def attempt(pattern: Pattern, suspicion: Suspicion, court: Court) -> Trial | None:
    """Try a pattern on a suspicion. None where it is not worth showing: less than half of what it requires shows,
    nothing unusual besides a change, or nothing but that users feel something, which fits every fault."""
    evidence = court.evidence
    required = tuple((clue, found(clue, suspicion, evidence)) for clue in pattern.required)
    shown = [hits for _, hits in required if hits]
    hits = [each for found_ones in shown for each in found_ones if each.abnormal]
    if 2 * len(shown) < len(required) or all(each.kind == "change" for each in hits):
        return None
    cited = any(each.signal == "log_mention" for found_ones in shown for each in found_ones)
    if not cited and all(each.signal in MERELY_FELT for each in hits):
        return None
    against = [(clue, found(clue, suspicion, evidence)) for clue in pattern.contradicting]
    standing = [(clue, hits) for clue, hits in against if hits]
    answered = [
        (clue, hits) for clue, hits in standing if clue.unless is not None and found(clue.unless, suspicion, evidence)
    ]
    return Trial(
        pattern=pattern,
        suspicion=suspicion,
        required=required,
        supporting=tuple((clue, found(clue, suspicion, evidence)) for clue in pattern.supporting),
        open=tuple(pair for pair in standing if pair not in answered),
        answered=tuple(answered),
        unexplained=_unexplained(pattern, suspicion, court),
        silences=court.silences,
    )


def _unexplained(pattern: Pattern, suspicion: Suspicion, court: Court) -> tuple[Evidence, ...]:
    """What is unusual inside the suspected service and no part of this fault or of anything it brings about; of each
    signal the most unusual."""
    known = court.accounts.get(pattern.category, frozenset())
    found = [
        max(there, key=lambda each: each.unusual)
        for signal, all_of_it in court.evidence.items()
        if signal in INNER
        and signal not in known
        and (there := [each for each in all_of_it if each.abnormal and each.service == suspicion.service])
    ]
    return tuple(found)


def explained(trial: Trial, proven: Sequence[Trial]) -> bool:
    """Whether another proven fault, hardly less certain, brings this one about: at the same service, or from one that
    calls it."""
    return any(
        trial.pattern.category in other.pattern.explains
        and _reaches(other, trial)
        and other.confidence >= trial.confidence - HARDLY_LESS
        for other in proven
        if other is not trial and (other.implicated or not _blames_implicated(trial))
    )


def _blames_implicated(trial: Trial) -> bool:
    return "change" in trial.pattern.scope and trial.implicated


def rivals(first: Trial, others: Sequence[Trial]) -> tuple[Trial, ...]:
    """Proven explanations nearly as good that blame something else; links of one chain, and what the first brings
    about or comes from, are no rivals."""
    return tuple(
        other
        for other in others
        if other is not first
        and not other.objections()
        and _is_close(first, other)
        and not _chained(first.suspicion, other.suspicion)
        and not _of_one_story(first, other)
    )


def _is_close(first: Trial, other: Trial) -> bool:
    """Whether another is nearly as sure, or fits nearly as well: that one log alone tells of it makes it less sure, and
    clears it of nothing."""
    return first.confidence - other.confidence < CLOSE or first.fit - other.fit < CLOSE


def _chained(one: Suspicion, other: Suspicion) -> bool:
    return one.service == other.peer or other.service == one.peer


def _of_one_story(one: Trial, other: Trial) -> bool:
    if one.pattern.category == other.pattern.category and _ground(one) & _ground(other):
        return True
    return brings_about(one, other) or brings_about(other, one)


def brings_about(cause: Trial, course: Trial) -> bool:
    """Whether one fault may bring another about, by its kind and where it is."""
    return _reaches(cause, course) and course.pattern.category in cause.pattern.explains


def _reaches(cause: Trial, course: Trial) -> bool:
    there = course.suspicion.service
    return there == cause.suspicion.service or (cause.pattern.floods and there in cause.suspicion.peers)


def _ground(trial: Trial) -> frozenset[str]:
    """The namespaces and nodes that the evidence of a fault blames: what several services stand on fails them all."""
    hits = (each for _, found in trial.required for each in found)
    return frozenset(str(each.details.get("blamed")) for each in hits if each.details.get("scope") in GROUND)
