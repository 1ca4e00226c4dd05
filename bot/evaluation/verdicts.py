"""Counts what was said of drills: false causes where nothing was wrong, right ones where something was."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from bot.evaluation.drilling import Judged, Played
from cards.words import Words
from engine.model import Hypothesis

SURGE = "traffic_surge"


@dataclass(frozen=True)
class Verdicts:
    """The drills, sorted by what was said in any look at any of their incidents.

    `named`: fault-free, and a cause was named · `false`: of these, those with a cause that is no surge which was really
    there, at the very service that was alarmed · `right`: faulty, and the fault was named in the end · `wrong`: faulty,
    and somebody else was blamed · `starved`: of no account, because the machine was too busy.
    """

    quiet: tuple[Played, ...]
    named: tuple[Played, ...]
    false: tuple[Played, ...]
    faulty: tuple[Played, ...]
    right: tuple[Played, ...]
    wrong: tuple[Played, ...]
    starved: tuple[Played, ...]


def sort(played: Sequence[Played]) -> Verdicts:
    """The drills by what was said."""
    fair = [each for each in played if not each.starved]
    quiet = tuple(each for each in fair if each.drill.fault is None)
    faulty = tuple(each for each in fair if each.drill.fault is not None)
    return Verdicts(
        quiet=quiet,
        named=tuple(each for each in quiet if any(one.causes for one in each.judged)),
        false=tuple(each for each in quiet if _false(each)),
        faulty=faulty,
        right=tuple(each for each in faulty if any(_hits(each, cause) for cause in _last(each))),
        wrong=tuple(each for each in faulty if _false(each)),
        starved=tuple(each for each in played if each.starved),
    )


def _false(played: Played) -> bool:
    """Whether anybody was ever blamed for nothing."""
    return any(
        not (_surged(played, one, cause) or _hits(played, cause) or _at_fault(played, cause))
        for one in played.judged
        for cause in one.causes
    )


def _surged(played: Played, judged: Judged, cause: Hypothesis) -> bool:
    return cause.category == SURGE and cause.service == judged.service and cause.service in played.drill.surged


def _hits(played: Played, cause: Hypothesis) -> bool:
    fault = played.drill.fault
    return fault is not None and (cause.category, cause.service) == (fault.category, fault.service)


def _at_fault(played: Played, cause: Hypothesis) -> bool:
    """Whether it is said where the fault sits, if not what it is, and no change is blamed for it."""
    fault = played.drill.fault
    return fault is not None and (cause.peer or cause.service) == fault.place and cause.change is None


def _last(played: Played) -> Iterator[Hypothesis]:
    """The cause that stands in the end, of each incident that has one."""
    for one in played.judged:
        if one.diagnoses and one.diagnoses[-1].cause is not None:
            yield one.diagnoses[-1].cause


def line(played: Played) -> str:
    """One drill in one line, for whoever looks into it."""
    drill = played.drill
    said = "; ".join(
        f"{one.service or '-'}: " + ", ".join(_said(one)) for one in sorted(played.judged, key=lambda one: one.incident)
    )
    peaks = " ".join(f"{name.partition('-')[0]}x{peak:.1f}" for name, peak in drill.peaks.items())
    return f"{drill.number:>3} {drill.fault.name if drill.fault else '-':<15} {peaks:<22} {said}"


def _said(judged: Judged) -> Iterator[str]:
    for each in judged.diagnoses:
        cause = each.cause
        yield f"{cause.category} {cause.confidence:.2f}" if cause else "quiet" if each.quiet else "inconclusive"


def lines(verdicts: Verdicts, words: Words) -> Iterator[str]:
    """The figures, for people."""
    yield words.text(
        "evaluation.drills",
        quiet=len(verdicts.quiet),
        incidents=sum(len(each.judged) for each in verdicts.quiet),
        looks=sum(len(one.diagnoses) for each in verdicts.quiet for one in each.judged),
        named=len(verdicts.named),
        false=len(verdicts.false),
    )
    yield words.text(
        "evaluation.drills_faulty",
        faulty=len(verdicts.faulty),
        right=len(verdicts.right),
        wrong=len(verdicts.wrong),
    )
    yield words.text(
        "evaluation.drills_starved",
        starved=len(verdicts.starved),
        named=sum(any(one.causes for one in each.judged) for each in verdicts.starved if each.drill.fault is None),
    )


def tree(seed: str, verdicts: Verdicts) -> dict[str, Any]:
    """The figures and every drill, for scripts."""
    sorts = ("quiet", "named", "false", "faulty", "right", "wrong", "starved")
    drills = (*verdicts.quiet, *verdicts.faulty, *verdicts.starved)
    return {
        "seed": seed,
        **{name: len(getattr(verdicts, name)) for name in sorts},
        "drills": [
            {
                "number": each.drill.number,
                "fault": each.drill.fault.name if each.drill.fault else None,
                "peaks": dict(each.drill.peaks),
                "stood_still": each.stood_still,
                "incidents": [
                    {"service": one.service, "alert": one.alert, "said": list(_said(one))} for one in each.judged
                ],
            }
            for each in sorted(drills, key=lambda each: each.drill.number)
        ],
    }
