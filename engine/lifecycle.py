"""Tells the whole life of an incident, top to bottom: alert, evidence, cause, plan, recovery, lesson."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import count

from engine import evidence, looks, policy
from engine.code import CodeReader, Reading, places
from engine.duty import Nudge
from engine.errors import StoreError
from engine.incident import Incident, fold
from engine.journal import Due, Journal, nothing
from engine.learning import habits, lessons
from engine.looks import Asked, Asking, Depth, FirstLook
from engine.model import Alert, Diagnosis, Observation, Outcome, Phrase, Silence, Sweep, Value, Window
from engine.ports import Question
from engine.resolution import labelled
from engine.team import Lesson, Service
from engine.tools import Tools
from engine.treatment import Treatment

ENOUGH_KINDS = 2
"""Independent kinds of evidence without which a first look that shows nothing is no answer."""


class Recalled(Value):
    """What memory offered as background."""

    lessons: tuple[Lesson, ...] = ()


class HandedOver(Value):
    """That the engine waits for a person, and why."""

    say: Phrase


class Closed(Value):
    """How the incident ended."""

    outcome: Outcome


async def live(incident: str, tools: Tools, at_rest: Callable[[], None] = nothing) -> None:
    """Live an incident from wherever its timeline stands to its end; a person who closes it ends it at once."""
    episode = fold(await tools.timeline.read(incident)).episode
    journal = Journal(incident, episode, tools.timeline, tools.desk, tools.clock, tools.ids, at_rest)
    async with asyncio.TaskGroup() as group:
        ended = group.create_task(tools.timeline.wait(incident, journal.key("closed")))
        story = group.create_task(Life(incident, journal, tools).story())
        await ended
        # A change that is under way is seen to its end: the target would do it all the same, and nobody would know.
        async with journal.unbroken:
            story.cancel()
    # Plans offer something to press, and do so no longer.
    proposals = fold(await tools.timeline.read(incident)).proposals
    for slot in ("header", *(f"plan:{plan}" for plan in proposals), "closing"):
        await journal.tell(slot)


@dataclass(frozen=True)
class Life:
    """One run of one episode of one incident."""

    incident: str
    journal: Journal
    tools: Tools

    async def story(self) -> None:
        """Announce, look, think, treat, learn; what cannot go on waits for a person's nudge and goes round again."""
        await self.journal.tell("header")
        await self._recall("background", "")
        for turn in count(1):
            outcome = await self._take_turn(turn)
            await self._learn(outcome)
            if (await self._next(turn, outcome)).what == "close":
                await self.journal.settle("closed", "incident.closed", Closed(outcome=outcome))
                return

    async def state(self) -> Incident:
        """The incident as its timeline stands now."""
        return fold(await self.tools.timeline.read(self.incident))

    async def _take_turn(self, turn: int) -> Outcome:
        asked_for = await self._asked_for(turn - 1)
        treatment = Treatment(self.incident, self.journal, self.tools)
        if asked_for is not None and asked_for.plan is not None:
            if asked_for.what == "undo":
                return await treatment.undo(asked_for.plan, asked_for.by, turn)
            return await treatment.treat(asked_for.plan)
        diagnosis = await self._investigate(turn)
        async with asyncio.TaskGroup() as group:
            # Beside what follows: nobody waits for code to see a plan.
            group.create_task(self._read_code(turn), name=f"code of {self.incident}")
            return await self._act_on(diagnosis, turn)

    async def _act_on(self, diagnosis: Diagnosis, turn: int) -> Outcome:
        """Propose what helps against the cause, and see it through."""
        if diagnosis.cause is None:
            return "false_alarm" if diagnosis.quiet else "inconclusive"
        await self._recall(f"background/{turn}", diagnosis.cause.category)
        seed = f"{self.incident}/{self.journal.key(str(turn))}"
        plans = policy.propose(diagnosis, self._services(await self.state()), seed)
        if not plans:
            await self._say_left_out(turn, diagnosis)
            return "needs_human"
        return await Treatment(self.incident, self.journal, self.tools).treat(plans[0])

    async def _say_left_out(self, turn: int, diagnosis: Diagnosis) -> None:
        """Why a known cause has no plan: a value is missing, or the catalogue offers nothing against it."""
        why = policy.left_out(diagnosis, self._services(await self.state())) or (Phrase(word="notice.no_remedy"),)
        await self.journal.settle(f"no_plan/{turn}", "notice.posted", HandedOver(say=why[0]))
        await self.journal.tell(f"say:{self.journal.key(f'no_plan/{turn}')}")

    async def _recall(self, name: str, category: str) -> None:
        state = await self.state()
        alert = state.alert.name if state.alert else ""
        known = {lesson.id for lesson in state.background}

        async def search() -> Recalled:
            found = await self.tools.memory.recall(state.team, state.service, alert, category)
            return Recalled(lessons=tuple(lesson for lesson in found if lesson.id not in known))

        if (await self.journal.find(name, "memory.recalled", Recalled, search)).lessons:
            await self.journal.tell("background")

    async def _investigate(self, turn: int) -> Diagnosis:
        sweep = await self.journal.find(f"evidence/{turn}", "evidence.collected", Sweep, lambda: self._look(turn))
        await self.journal.tell("evidence")
        diagnosis = await self.journal.find(
            f"diagnosis/{turn}", "hypothesis.generated", Diagnosis, lambda: self._think(sweep)
        )
        await self.journal.tell("diagnosis")
        await self.journal.tell("header")
        return diagnosis

    async def _read_code(self, turn: int) -> None:
        """Show the code that errors come from."""
        # What runs beside must not be cut short where the store fails; it finds that out by itself.
        with suppress(StoreError):
            state = await self.state()
            team = self.tools.teams.team(state.team)
            reading = (source for source in self.tools.sources_of(team) if isinstance(source, CodeReader))
            readers = (*self.tools.readers, *reading)
            found = places(state.sweep, team.services) if state.sweep else ()
            wanted = [place for place in found if any(reader.holds(place) for reader in readers)]
            if not wanted:
                return
            patience = self.tools.tempo.source_timeout

            async def read() -> Reading:
                return await evidence.read_code(wanted, readers, patience)

            await self.journal.find(f"code/{turn}", "code.read", Reading, read)
            await self.journal.tell("evidence")

    async def _look(self, turn: int) -> Sweep:
        state = await self.state()
        question = self._question(state)
        known = self.tools.sources_of(self.tools.teams.team(state.team))
        sources = evidence.concerned(question, habits.source_order(known, state.background))
        depth, why = evidence.depth(state, turn)
        tells = {source.name: source.tells for source in sources}
        asking = Asking(sources=tuple(tells), tells=tells, depth=depth, why=why)
        asking = await self.journal.settle(f"asking/{turn}", "evidence.asking", asking)
        await self.journal.tell("evidence")

        async def told(asked: Asked) -> None:
            await self.journal.settle(f"asked/{turn}/{asked.source}", "evidence.asked", asked)
            await self.journal.tell("evidence")

        async def look(seen: evidence.Seen) -> bool:
            return await self._look_first(turn, question.window, asking.depth, seen)

        tempo = self.tools.tempo
        early = evidence.Early(tempo.first_look, look)
        seen, silent = await evidence.gather(question, sources, self.tools.clock, tempo.source_timeout, told, early)
        return self._weigh(seen, silent, question.window, state)

    async def _look_first(self, turn: int, window: Window, depth: Depth, seen: evidence.Seen) -> bool:
        """Show what the quick sources say while the others are still asked; whether that is enough. Nothing is shown
        where people have an answer already: half of a newer one would be worse."""
        if turn > 1:
            return False
        waiting = [Silence(source=name, reason=Phrase(word="evidence.silent.waiting")) for name in seen.waiting]
        sweep = self._weigh(seen.observations, waiting, window, await self.state())
        diagnosis = await self._think(sweep)
        kinds = {each.kind for each in sweep.evidence if each.count}
        found = FirstLook(
            sweep=looks.bare(sweep),
            diagnosis=diagnosis,
            answered=seen.answered,
            waiting=seen.waiting,
            enough=depth == "quick" and diagnosis.quiet and len(kinds) >= ENOUGH_KINDS,
        )
        found = await self.journal.settle(f"first_look/{turn}", "evidence.first_look", found)
        for slot in ("evidence", "diagnosis", "header"):
            await self.journal.tell(slot)
        return found.enough

    def _weigh(self, seen: Sequence[Observation], silent: Sequence[Silence], window: Window, state: Incident) -> Sweep:
        from engine.diagnosis.sweeping import weigh  # noqa: PLC0415 - numpy and its like, not needed to be ready

        return weigh(seen, silent, window, self._services(state))

    async def _think(self, sweep: Sweep) -> Diagnosis:
        from engine.diagnosis.sweeping import explain  # noqa: PLC0415 - as above

        state = await self.state()
        faults = self.tools.teams.team(state.team).faults
        return explain(sweep, self._services(state), state.service, faults)

    async def _learn(self, outcome: Outcome) -> None:
        if outcome != "recovered":
            return

        async def draft() -> lessons.Drafted:
            entries = await self.tools.timeline.read(self.incident)
            return lessons.draft(fold(entries), entries, self.tools.ids, self.tools.clock.now())

        await self.journal.find("lessons", "skill.generated", lessons.Drafted, draft)
        await self.journal.tell("closing")
        await self.journal.tell("header")

    async def _next(self, turn: int, outcome: Outcome) -> Nudge:
        """What a person wants next. Recovered incidents close by themselves once they were watched long enough."""
        deadline = None
        if outcome == "recovered":
            due = Due(at=self.tools.clock.now() + timedelta(seconds=self.tools.tempo.watch))
            deadline = (await self.journal.settle(f"watch/{turn}", "time.rested", due)).at
        else:
            word = Phrase(word=f"notice.waiting_{outcome}")
            await self.journal.settle(f"handed_over/{turn}", "incident.handed_over", HandedOver(say=word))
            await self.journal.tell("header")
        return await self.journal.hear(f"next/{turn}", "person.nudged", deadline, Nudge(what="close"))

    async def _asked_for(self, turn: int) -> Nudge | None:
        entry = await self.tools.timeline.find(self.incident, self.journal.key(f"next/{turn}"))
        return Nudge.model_validate(entry.body) if entry else None

    def _question(self, state: Incident) -> Question:
        now = self.tools.clock.now()
        alert = state.alert or Alert(
            fingerprint="", status="firing", name=state.title, service=state.service, starts_at=state.opened_at or now
        )
        services = self._services(state)
        service = labelled(services.get(state.service, Service(name=state.service)), alert)
        neighbours = tuple(services.get(name, Service(name=name)) for name in service.dependencies)
        window = evidence.window(alert.starts_at, now, self.tools.tempo)
        return Question(
            incident=self.incident,
            team=state.team,
            alert=alert,
            service=service,
            neighbours=neighbours,
            window=window,
        )

    def _services(self, state: Incident) -> Mapping[str, Service]:
        return self.tools.teams.team(state.team).services
