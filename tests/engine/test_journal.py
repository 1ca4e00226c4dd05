"""Proves the six verbs, above all that a change happens at most once however often a run is killed and repeated."""

import asyncio
from datetime import timedelta

import pytest

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.journal import Intent, Journal
from engine.model import Decision, Execution, Phrase, Receipt, Value
from engine.ports import Draft, Probe
from tests.fakes.clock import START, FakeClock, FakeIds, settle
from tests.fakes.store import FakeTimeline

INCIDENT = "inc_00000001"


class Thought(Value):
    """What was thought."""

    text: str


class Shown:
    """A desk that remembers what it was asked to show."""

    def __init__(self) -> None:
        self.slots: list[str] = []

    async def show(self, incident: str, slot: str) -> None:
        self.slots.append(slot)


class World:
    """One timeline, and a new journal for each run: what a restart or a second replica is."""

    def __init__(self) -> None:
        self.timeline = FakeTimeline()
        self.timeline.create(INCIDENT, "default")
        self.clock = FakeClock()
        self.ids = FakeIds()
        self.desk = Shown()
        self.done = 0
        self.calls = 0

    def run(self, episode: int = 1) -> Journal:
        return Journal(INCIDENT, episode, self.timeline, self.desk, self.clock, self.ids)

    async def do(self) -> Receipt:
        self.calls += 1
        self.done += 1
        return Receipt(id=f"receipt_{self.done}", action="a", target="t", at=START)

    async def probe(self) -> Probe:
        if self.done:
            return Probe(state="done", receipt=Receipt(id=f"receipt_{self.done}", action="a", target="t", at=START))
        return Probe(state="not_done", fenced=True)

    async def blind(self) -> Probe:
        return Probe(state="unknown")


@pytest.fixture
def world() -> World:
    return World()


async def thought(text: str) -> Thought:
    return Thought(text=text)


async def test_tell_shows_every_time(world: World) -> None:
    await world.run().tell("header")
    await world.run().tell("header")
    assert world.desk.slots == ["header", "header"]


async def test_find_thinks_once_and_remembers(world: World) -> None:
    first = await world.run().find("diagnosis/1", "hypothesis.generated", Thought, lambda: thought("the pool"))
    again = await world.run().find("diagnosis/1", "hypothesis.generated", Thought, lambda: thought("the moon"))
    assert first == again == Thought(text="the pool")


async def test_find_thinks_again_after_a_crash_in_the_middle(world: World) -> None:
    async def crash() -> Thought:
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        await world.run().find("diagnosis/1", "hypothesis.generated", Thought, crash)
    assert (await world.run().find("diagnosis/1", "hypothesis.generated", Thought, lambda: thought("x"))).text == "x"


async def test_two_runs_that_think_at_once_agree(world: World) -> None:
    async def think(text: str, turns: int) -> Thought:
        async def slowly() -> Thought:
            await settle(turns)
            return Thought(text=text)

        return await world.run().find("diagnosis/1", "hypothesis.generated", Thought, slowly)

    async with asyncio.TaskGroup() as group:
        slow = group.create_task(think("slow", 20))
        fast = group.create_task(think("fast", 5))
    assert slow.result() == fast.result() == Thought(text="fast")


async def test_what_is_settled_stands(world: World) -> None:
    await world.run().settle("judged", "action.planned", Thought(text="destructive"))
    assert (await world.run().settle("judged", "action.planned", Thought(text="safe"))).text == "destructive"


async def test_a_new_episode_lives_its_steps_anew(world: World) -> None:
    await world.run(1).settle("judged", "action.planned", Thought(text="first"))
    assert (await world.run(2).settle("judged", "action.planned", Thought(text="second"))).text == "second"
    assert world.run(2).key("judged") == "2/judged"


# --- hear ------------------------------------------------------------------------------------------------------------

EXPIRED = Decision(approval="approval_1", verdict="expired")


def word(verdict: str) -> Draft:
    body = {"approval": "approval_1", "verdict": verdict, "by": "li"}
    return Draft(key="1/approval/approval_1", kind="approval.resolved", actor="li", at=START, body=body)


async def hear(world: World, seconds: float | None = 60) -> Decision:
    deadline = START + timedelta(seconds=seconds) if seconds is not None else None
    return await world.run().hear("approval/approval_1", "approval.resolved", deadline, EXPIRED)


async def test_hear_takes_the_first_word(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(hear(world))
        await settle()
        await world.timeline.write(INCIDENT, word("approved"))
        await world.timeline.write(INCIDENT, word("rejected"))
    assert heard.result().verdict == "approved"
    assert world.clock.sleepers == 0


async def test_hear_lets_the_deadline_speak(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(hear(world))
        await world.clock.advance(59)
        assert not heard.done()
        await world.clock.advance(2)
    assert heard.result() == EXPIRED
    assert (await world.timeline.write(INCIDENT, word("approved"))).body["verdict"] == "expired"


async def test_a_word_said_while_nobody_ran_is_there(world: World) -> None:
    await world.timeline.write(INCIDENT, word("approved"))
    assert (await hear(world)).verdict == "approved"
    assert (await hear(world, None)).verdict == "approved"


async def test_a_word_beats_a_deadline_that_passed_while_nobody_ran(world: World) -> None:
    await world.timeline.write(INCIDENT, word("approved"))
    await world.clock.advance(3600)
    assert (await hear(world)).verdict == "approved"


async def test_without_a_deadline_it_waits_for_ever(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        heard = group.create_task(hear(world, None))
        await world.clock.advance(86_400 * 30)
        assert not heard.done()
        await world.timeline.write(INCIDENT, word("rejected"))
    assert heard.result().verdict == "rejected"


# --- rest ------------------------------------------------------------------------------------------------------------


async def test_a_restart_sleeps_only_what_is_left(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        first = group.create_task(world.run().rest("look/1/rest", 60))
        await world.clock.advance(45)
        first.cancel()
    async with asyncio.TaskGroup() as group:
        second = group.create_task(world.run().rest("look/1/rest", 60))
        await world.clock.advance(14)
        assert not second.done()
        await world.clock.advance(1)
        assert second.done()


async def test_a_rest_that_is_long_over_is_no_rest(world: World) -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(world.run().rest("r", 5))
        await world.clock.advance(5)
    await world.clock.advance(100)
    await world.run().rest("r", 5)


# --- change ----------------------------------------------------------------------------------------------------------


async def change(world: World, journal: Journal | None = None, probe=None) -> Execution:
    return await (journal or world.run()).change("plan_1/act/1", "plan_1", 1, world.do, probe or world.probe)


async def test_change_is_done_once_and_remembered(world: World) -> None:
    first = await change(world)
    again = await change(world)
    assert first == again
    assert first.receipt
    assert (first.result, first.receipt.id) == ("done", "receipt_1")
    assert world.done == 1


async def test_the_intent_is_written_before_anything_is_done(world: World) -> None:
    kinds: list[str] = []

    async def do() -> Receipt:
        kinds.extend(entry.kind for entry in await world.timeline.read(INCIDENT))
        return await world.do()

    await world.run().change("act", "plan_1", 1, do, world.probe)
    assert kinds == ["action.intended"]


class Killed(BaseException):
    """The process died here."""


async def test_killed_before_it_was_done_is_never_done_again(world: World) -> None:
    async def dies() -> Receipt:
        world.calls += 1
        raise Killed

    with pytest.raises(Killed):
        await world.run().change("plan_1/act/1", "plan_1", 1, dies, world.probe)
    result = await change(world)
    assert result.reason
    assert (result.result, result.reason.word) == ("failed", "execution.not_done_fenced")
    assert (world.calls, world.done) == (1, 0)


async def test_killed_right_after_it_was_done_is_found_done(world: World) -> None:
    async def dies() -> Receipt:
        await world.do()
        raise Killed

    with pytest.raises(Killed):
        await world.run().change("plan_1/act/1", "plan_1", 1, dies, world.probe)
    result = await change(world)
    assert result.receipt
    assert (result.result, result.receipt.id) == ("done", "receipt_1")
    assert world.done == 1


async def test_killed_and_nobody_can_tell_is_unknown(world: World) -> None:
    async def dies() -> Receipt:
        raise Killed

    with pytest.raises(Killed):
        await world.run().change("plan_1/act/1", "plan_1", 1, dies, world.blind)
    assert (await change(world, probe=world.blind)).result == "unknown"
    assert (await change(world)).result == "unknown", "what was put to people is not taken back"
    assert world.done == 0


async def test_not_done_without_a_fence_is_unknown(world: World) -> None:
    async def dies() -> Receipt:
        raise Killed

    async def unfenced() -> Probe:
        return Probe(state="not_done")

    with pytest.raises(Killed):
        await world.run().change("plan_1/act/1", "plan_1", 1, dies, unfenced)
    assert (await change(world, probe=unfenced)).result == "unknown"


@pytest.mark.parametrize("turns", [0, 1, 2, 3, 5, 8, 50])
async def test_killed_after_any_number_of_turns(world: World, turns: int) -> None:
    async def slowly() -> Receipt:
        await settle(3)
        receipt = await world.do()
        await settle(3)
        return receipt

    async with asyncio.TaskGroup() as group:
        run = group.create_task(world.run().change("plan_1/act/1", "plan_1", 1, slowly, world.probe))
        await settle(turns)
        run.cancel()
    result = await world.run().change("plan_1/act/1", "plan_1", 1, slowly, world.probe)
    assert world.done == (1 if result.result == "done" else 0)
    assert result.result in ("done", "failed")


async def both(world: World, first: Journal, second: Journal) -> tuple[Execution, Execution]:
    async def slowly() -> Receipt:
        await settle(10)
        return await world.do()

    async def patient() -> Probe:
        await settle(40)
        return await world.probe()

    async with asyncio.TaskGroup() as group:
        one = group.create_task(first.change("plan_1/act/1", "plan_1", 1, slowly, patient))
        two = group.create_task(second.change("plan_1/act/1", "plan_1", 1, slowly, patient))
    return one.result(), two.result()


async def test_two_runs_at_once_do_it_once(world: World) -> None:
    one, two = await both(world, world.run(), world.run())
    assert world.done == 1
    assert one == two


class Careless(Journal):
    """The journal without the rule that only who wrote the intent may act: remembers results, nothing else."""

    async def change(self, name, plan, attempt, do, probe) -> Execution:
        if known := await self._timeline.find(self.incident, self.key(name)):
            return Execution.model_validate(known.body)
        await self.settle(f"{name}/intent", "action.intended", Intent(plan=plan, attempt=attempt, token="same"))
        return await self.settle(name, "action.executed", await self._run(plan, attempt, do, probe))


async def test_without_the_rule_it_is_done_twice(world: World) -> None:
    def run() -> Careless:
        return Careless(INCIDENT, 1, world.timeline, world.desk, world.clock, world.ids)

    await both(world, run(), run())
    assert world.done == 2

    async def dies() -> Receipt:
        await world.do()
        raise Killed

    with pytest.raises(Killed):
        await run().change("plan_1/act/2", "plan_1", 1, dies, world.probe)
    await run().change("plan_1/act/2", "plan_1", 1, world.do, world.probe)
    assert world.done == 4


async def test_a_refusal_is_final_and_says_why(world: World) -> None:
    async def no() -> Receipt:
        raise ExecutorRefused(Phrase(word="executor.refused", values={"detail": "freeze"}))

    result = await world.run().change("plan_1/act/1", "plan_1", 1, no, world.probe)
    assert result.reason
    assert (result.result, result.reason.values) == ("refused", {"detail": "freeze"})
    assert await change(world) == result
    assert world.done == 0


@pytest.mark.parametrize("doubt", [ExecutorUnclear("broken off"), TimeoutError()])
async def test_doubt_is_probed(world: World, doubt: Exception) -> None:
    async def done_then_lost() -> Receipt:
        await world.do()
        raise doubt

    result = await world.run().change("plan_1/act/1", "plan_1", 1, done_then_lost, world.probe)
    assert (result.result, world.done) == ("done", 1)


@pytest.mark.parametrize("doubt", [ExecutorUnclear("broken off"), TimeoutError(), ExecutorRefused("no")])
async def test_a_probe_that_fails_is_unknown(world: World, doubt: Exception) -> None:
    async def lost() -> Receipt:
        raise ExecutorUnclear("broken off")

    async def fails() -> Probe:
        raise doubt

    assert (await world.run().change("act", "plan_1", 1, lost, fails)).result == "unknown"
