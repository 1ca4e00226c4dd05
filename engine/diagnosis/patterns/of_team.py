"""Turns the faults that a team knows of its own into patterns like those we ship."""

from collections.abc import Sequence

from engine.diagnosis.clues import Clue, Sign, Where
from engine.diagnosis.patterns.pattern import Pattern
from engine.diagnosis.patterns.signs import LOGS, SPANS, at_limit, changed, down, normal, up
from engine.team import Fault, FaultSign

BASE = 0.8
LEVELS = {"up": up, "down": down, "at_limit": at_limit, "normal": normal}


def of_team(faults: Sequence[Fault]) -> tuple[Pattern, ...]:
    """The patterns of a team, in the order of its file."""
    return tuple(_pattern(fault) for fault in faults)


def _pattern(fault: Fault) -> Pattern:
    return Pattern(
        category=fault.name,
        by_change=True,
        base=BASE,
        required=_clues(fault.needs),
        supporting=_clues(fault.supports),
        contradicting=_clues(fault.contradicts),
        explains=fault.explains,
        offers=fault.helps,
        title=fault.title,
        services=fault.services,
        look_at=fault.look_at,
    )


def _clues(signs: Sequence[FaultSign]) -> tuple[Clue, ...]:
    return tuple(Clue(name="of_team", any=(_sign(sign),), told=_told(sign)) for sign in signs)


def _sign(sign: FaultSign) -> Sign:
    neighbour = sign.at == "neighbour"
    if sign.metric:
        where: Where = "peer" if neighbour else "self"
        return LEVELS[sign.level](sign.metric, where=where)
    if sign.change:
        return changed(*(() if sign.change == "any" else (sign.change,)))
    topics = (sign.topic,) if sign.topic else ()
    signals = (*LOGS, *SPANS) if sign.topic else LOGS
    return Sign(signals=signals, where="peer" if neighbour else "own", topics=topics, text=sign.log)


def _told(sign: FaultSign) -> str:
    """The sign as it stands in the file."""
    if sign.metric:
        return f"{sign.metric} {sign.level}"
    return sign.log or sign.topic or f"change: {sign.change}"
