"""Asks every source at once and stops waiting for the slow ones; that a source stayed silent is kept too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.errors import TocsinError
from engine.incident import Asked
from engine.model import Observation, Phrase, Silence, Window
from engine.ports import Clock, Question, Selective, Source
from engine.tempo import Tempo

log = logging.getLogger(__name__)

MOST_OBSERVATIONS = 200
"""Of one source in one round; more than anybody reads, and a bound for a source that has lost its way."""

BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, ExceptionGroup)
"""What reading a nonsensical answer may raise where a source did not see it coming."""

Told = Callable[[Asked], Awaitable[None]]


class Heard(NamedTuple):
    """What one source brought: observations, or why there are none."""

    observations: tuple[Observation, ...] = ()
    silence: Silence | None = None


def window(alert_starts_at: datetime, now: datetime, tempo: Tempo) -> Window:
    """What to look at: before … the alert's start less the time trouble may have begun earlier … now."""
    split = min(alert_starts_at, now) - timedelta(seconds=tempo.lead)
    return Window(start=split - timedelta(seconds=tempo.lookback), split=split, end=max(now, split))


async def gather(
    question: Question, sources: Sequence[Source], clock: Clock, within: float, told: Told
) -> tuple[tuple[Observation, ...], tuple[Silence, ...]]:
    """Ask all sources it concerns at once, each for at most `within` seconds; results in the order of the sources.

    `told` hears how each source went, as soon as it is done or silent; what `told` raises ends the round.
    """
    heard: dict[int, Heard] = {}
    sources = [each for each in sources if not isinstance(each, Selective) or each.concerns(question)]

    async def ask(place: int, source: Source) -> None:
        begun = clock.now()
        heard[place] = await _answer(source, question, within)
        seconds = round((clock.now() - begun).total_seconds(), 3)
        state = "silent" if heard[place].silence else "done"
        await told(Asked(source=source.name, state=state, count=len(heard[place].observations), seconds=seconds))

    try:
        async with asyncio.TaskGroup() as group:
            for place, source in enumerate(sources):
                group.create_task(ask(place, source))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    ordered = [heard[place] for place in range(len(sources))]
    seen = tuple(observation for each in ordered for observation in each.observations)
    return seen, tuple(each.silence for each in ordered if each.silence)


async def _answer(source: Source, question: Question, within: float) -> Heard:
    """One source's answer; whatever goes wrong with it becomes its silence."""
    try:
        async with asyncio.timeout(within):
            found = await source.ask(question)
        return Heard(tuple(found)[:MOST_OBSERVATIONS])
    except TocsinError as silent:
        return _silent(source, silent.phrase)
    except TimeoutError:
        return _silent(source, Phrase(word="evidence.silent.late", values={"source": source.name, "seconds": within}))
    except BROKEN as broken:
        # Only the kind of error: its words may quote what the backend wrote.
        log.warning("Source %s could not read an answer: %s", source.name, type(broken).__name__)
        return _silent(source, Phrase(word="evidence.silent.broken", values={"source": source.name}))


def _silent(source: Source, reason: Phrase) -> Heard:
    return Heard(silence=Silence(source=source.name, reason=reason))
