"""Asks every source at once and stops waiting for the slow ones; that a source stayed silent is kept too."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from engine.code import CodeReader, Missing, Passage, Place, Reading
from engine.errors import TocsinError
from engine.incident import Incident
from engine.looks import Asked, Depth
from engine.model import Observation, Phrase, Silence, Window
from engine.ports import Clock, Question, Selective, Source
from engine.tempo import Tempo

log = logging.getLogger(__name__)

MOST_OBSERVATIONS = 200
"""Of one source in one round; more than anybody reads, and a bound for a source that has lost its way."""

BROKEN = (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError, ExceptionGroup)
"""What reading a nonsensical answer may raise where a source did not see it coming."""

MINOR = ("P3", "P4")

Told = Callable[[Asked], Awaitable[None]]


class Seen(NamedTuple):
    """What is there at a first look: what was observed, by whom, and who has not answered yet."""

    observations: tuple[Observation, ...]
    answered: tuple[str, ...]
    waiting: tuple[str, ...]


class Early(NamedTuple):
    """A first look at a round under way, once: `after` seconds into it, or as soon then as anything is there. `look`
    says whether that is enough."""

    after: float
    look: Callable[[Seen], Awaitable[bool]]


class Heard(NamedTuple):
    """What one source brought: observations, or why there are none."""

    observations: tuple[Observation, ...] = ()
    silence: Silence | None = None


def window(alert_starts_at: datetime, now: datetime, tempo: Tempo) -> Window:
    """What to look at: before … the alert's start less the time trouble may have begun earlier … now."""
    split = min(alert_starts_at, now) - timedelta(seconds=tempo.lead)
    return Window(start=split - timedelta(seconds=tempo.lookback), split=split, end=max(now, split))


def depth(state: Incident, turn: int) -> tuple[Depth, Phrase]:
    """How deep to look, and why. Quick is for a minor alert that came alone and for the first time: noise, most of the
    time. Whatever is severe, many, back again, or asked for by a person is looked at in full."""
    if turn > 1:
        return "full", Phrase(word="evidence.depth.again")
    if state.severity not in MINOR:
        return "full", Phrase(word="evidence.depth.severe", values={"severity": state.severity})
    if state.requester or not state.alerts:
        return "full", Phrase(word="evidence.depth.wanted")
    if len(state.alerts) > 1:
        return "full", Phrase(word="evidence.depth.many")
    if state.episode > 1:
        return "full", Phrase(word="evidence.depth.back")
    return "quick", Phrase(word="evidence.depth.minor", values={"severity": state.severity})


def concerned(question: Question, sources: Sequence[Source]) -> list[Source]:
    """The sources this question is for."""
    return [each for each in sources if not isinstance(each, Selective) or each.concerns(question)]


async def gather(
    question: Question, sources: Sequence[Source], clock: Clock, within: float, told: Told, early: Early | None = None
) -> tuple[tuple[Observation, ...], tuple[Silence, ...]]:
    """Ask all sources it concerns at once, each for at most `within` seconds; results in the order of the sources.

    `told` hears how each source went, as soon as it is done or silent; what `told` or `early` raises ends the round.
    """
    round_ = Round(question, concerned(question, sources), clock, within, told)
    try:
        async with asyncio.TaskGroup() as group:
            for place in range(len(round_.sources)):
                group.create_task(round_.ask(place))
            if early is not None and round_.sources:
                group.create_task(round_.look(early))
    except ExceptionGroup as several:
        raise several.exceptions[0] from None
    return round_.seen, tuple(each.silence for each in round_.ordered if each.silence)


async def read_code(wanted: Sequence[Place], readers: Sequence[CodeReader], within: float) -> Reading:
    """What whoever holds code shows of these places, each reader for at most `within` seconds; never an error.

    A place is read by the first that holds it. Another one is asked where that shows nothing, or not the version that
    runs: a clone which nobody fetched into lately does not know it."""
    shown: dict[str, Passage] = {}
    missing: dict[str, Missing] = {}
    for reader in readers:
        left = [place for place in wanted if reader.holds(place) and not _read_well(place, shown)]
        found = await _read(left, reader, within) if left else Reading()
        shown |= {each.evidence: each for each in found.passages if each.version or each.evidence not in shown}
        missing = {each.evidence: each for each in found.missing} | missing
    return Reading(
        passages=tuple(shown[each.evidence] for each in wanted if each.evidence in shown),
        missing=tuple(missing[each.evidence] for each in wanted if each.evidence in missing.keys() - shown.keys()),
    )


def _read_well(place: Place, shown: Mapping[str, Passage]) -> bool:
    passage = shown.get(place.evidence)
    return passage is not None and bool(passage.version or not place.versions)


async def _read(wanted: Sequence[Place], reader: CodeReader, within: float) -> Reading:
    try:
        async with asyncio.timeout(within):
            return await reader.read_code(wanted)
    except TocsinError as silent:
        reason = silent.phrase
    except TimeoutError:
        reason = Phrase(word="evidence.silent.late", values={"source": reader.name, "seconds": within})
    except BROKEN as broken:
        log.warning("Source %s could not read code: %s", reader.name, type(broken).__name__)
        reason = Phrase(word="evidence.silent.broken", values={"source": reader.name})
    return Reading(missing=tuple(Missing(evidence=each.evidence, place=each.name, reason=reason) for each in wanted))


class Round:
    """One round of asking: what was heard so far, and until when each source has time."""

    def __init__(self, question: Question, sources: Sequence[Source], clock: Clock, within: float, told: Told) -> None:
        self.sources = sources
        self._question = question
        self._clock = clock
        self._within = within
        self._told = told
        self._heard: dict[int, Heard] = {}
        self._deadlines: dict[int, asyncio.Timeout] = {}
        self._news = asyncio.Event()
        self._over = asyncio.Event()
        self._enough = False

    @property
    def ordered(self) -> list[Heard]:
        """What each source brought so far, in the order of the sources."""
        return [self._heard[place] for place in sorted(self._heard)]

    @property
    def seen(self) -> tuple[Observation, ...]:
        """All that was observed so far."""
        return tuple(observation for each in self.ordered for observation in each.observations)

    async def ask(self, place: int) -> None:
        """Ask one source, and tell how it went."""
        source, begun = self.sources[place], self._clock.now()
        self._heard[place] = heard = await self._answer(place)
        if len(self._heard) == len(self.sources):
            self._over.set()
        if heard.observations or self._over.is_set():
            self._news.set()
        seconds = round((self._clock.now() - begun).total_seconds(), 3)
        reason = heard.silence.reason if heard.silence else None
        state, count = "silent" if heard.silence else "done", len(heard.observations)
        await self._told(Asked(source=source.name, state=state, count=count, seconds=seconds, reason=reason))

    async def look(self, early: Early) -> None:
        """Wait for the moment of the first look, then for anything to look at; nothing where all have answered by then.
        Is it enough, nobody is waited for any longer."""
        try:
            async with asyncio.timeout(early.after):
                await self._over.wait()
        except TimeoutError:
            await self._news.wait()
        if self._over.is_set():
            return
        answered, waiting = (
            tuple(each.name for place, each in enumerate(self.sources) if (place in self._heard) is there)
            for there in (True, False)
        )
        if await early.look(Seen(self.seen, answered, waiting)):
            self._enough = True
            now = asyncio.get_running_loop().time()
            for place in self._deadlines.keys() - self._heard.keys():
                self._deadlines[place].reschedule(now)

    async def _answer(self, place: int) -> Heard:
        """One source's answer; whatever goes wrong with it becomes its silence."""
        source = self.sources[place]
        try:
            async with asyncio.timeout(self._within) as self._deadlines[place]:
                found = await source.ask(self._question)
            return Heard(tuple(found)[:MOST_OBSERVATIONS])
        except TocsinError as silent:
            return _silent(source, silent.phrase)
        except TimeoutError:
            if self._enough:
                return _silent(source, Phrase(word="evidence.silent.not_awaited", values={"source": source.name}))
            patience = self._within
            return _silent(
                source, Phrase(word="evidence.silent.late", values={"source": source.name, "seconds": patience})
            )
        except BROKEN as broken:
            # Only the kind of error: its words may quote what the backend wrote.
            log.warning("Source %s could not read an answer: %s", source.name, type(broken).__name__)
            return _silent(source, Phrase(word="evidence.silent.broken", values={"source": source.name}))


def _silent(source: Source, reason: Phrase) -> Heard:
    return Heard(silence=Silence(source=source.name, reason=reason))
