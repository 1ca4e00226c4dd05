"""Kills and freezes the process while a change is under way: late calls, targets that tell nothing, a missing rule."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.crash.check import check_at_most_once, check_once
from tests.crash.process import STORE_BUSY
from tests.crash.stage import ENDS_WITHIN, Point, Run, Stage, open_stages, until

pytestmark = [pytest.mark.crash, pytest.mark.asyncio(loop_scope="module")]

IN_DOUBT: tuple[Point, ...] = (
    ("after write action.intended", 1),
    ("before dry-run", 3),
    ("after dry-run", 3),
    ("before change", 1),
    ("after change", 1),
    ("before write action.executed", 1),
)
"""Every point between the intent and its receipt."""

CERTAIN: tuple[Point, ...] = (("before write action.intended", 1), ("after write action.executed", 1))
"""The points right beside them."""

CALL_ARRIVES = 10.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stages(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, ...]]:
    async with open_stages(tmp_path_factory.mktemp("crash"), 2) as opened:
        yield opened


@pytest.fixture
def stage(stages: tuple[Stage, ...]) -> Stage:
    return stages[0]


async def counted(run: Run, what: str) -> list[Any]:
    """Wait until the target counted something of this sort; all of it."""

    async def look() -> Any:
        return (await run.control())[what]

    found: list[Any] = await until(look, CALL_ARRIVES)
    return found


async def held(run: Run) -> str:
    """Wait until the target holds a call; its key."""
    (key,) = await counted(run, "held")
    return str(key)


# --- the first call arrives late ---


async def test_a_call_that_outlives_its_caller_is_refused_when_it_arrives(stage: Stage) -> None:
    """Killed with the request on its way; whoever restarts fences it off, and does it once under a key of its own."""
    run = stage.new_run()
    await run.control(stalls=True)
    pid = await stage.nursery.start(run.job())
    key = await held(run)
    os.kill(pid, signal.SIGKILL)
    assert await stage.nursery.ended(ENDS_WITHIN) == -signal.SIGKILL
    ending = await run.live()
    check_once(ending)
    assert ending.results == ["failed", "done"]
    assert ending.target["done"][0]["key"] != key
    await run.control(let_go=True)
    assert await counted(run, "refused") == [key]
    assert len(await counted(run, "done")) == 1


async def test_a_call_that_arrives_before_it_was_asked_about_counts(stage: Stage) -> None:
    """Killed with the request on its way, which then arrives: whoever restarts is told, and does nothing more."""
    run = stage.new_run()
    await run.control(stalls=True)
    pid = await stage.nursery.start(run.job())
    await held(run)
    os.kill(pid, signal.SIGKILL)
    assert await stage.nursery.ended(ENDS_WITHIN) == -signal.SIGKILL
    await run.control(let_go=True)
    assert len(await counted(run, "done")) == 1
    ending = await run.live()
    check_once(ending)
    assert ending.results == ["done"]
    assert ending.target["calls"]["execute"] == 1


async def test_a_call_that_takes_too_long_is_fenced_off_by_its_own_caller(stage: Stage) -> None:
    """Nobody is killed: the target takes longer than the patience, and answers after the second attempt was made."""
    run = stage.new_run(act_timeout=0.4)
    await run.control(stalls=True)
    ending = await run.live()
    check_once(ending)
    await run.control(let_go=True)
    assert len(await counted(run, "refused")) == 1
    assert len(await counted(run, "done")) == 1


# --- frozen, not dead ---


async def frozen(stage: Stage, run: Run) -> int:
    """A process that wrote its intent and froze before the call; its pid."""
    pid = await stage.nursery.start(run.job(kill=["before change", 1], sign=int(signal.SIGSTOP), in_step=True))

    async def stopped() -> bool:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    await until(stopped, ENDS_WITHIN)
    return pid


async def test_while_one_is_frozen_no_other_gets_its_store(stages: tuple[Stage, ...]) -> None:
    first, second = stages
    run = first.new_run()
    pid = await frozen(first, run)
    await second.nursery.start(run.job())
    assert await second.nursery.ended(ENDS_WITHIN) == STORE_BUSY
    os.kill(pid, signal.SIGCONT)
    assert await first.nursery.ended(ENDS_WITHIN) == 0
    ending = await run.ending()
    check_once(ending)
    assert ending.results == ["done"]


async def test_one_that_thaws_after_another_took_over_is_refused(stages: tuple[Stage, ...]) -> None:
    """Somebody took the lock away from the frozen process. What it does when it thaws, the target refuses."""
    first, second = stages
    run = first.new_run()
    pid = await frozen(first, run)
    for lock in (run.folder / "data").glob("*.lock"):
        lock.unlink()
    await second.nursery.start(run.job())
    assert await second.nursery.ended(ENDS_WITHIN) == 0, run.log
    ending = await run.ending()
    check_once(ending)
    assert ending.results == ["failed", "done"]
    os.kill(pid, signal.SIGCONT)
    assert len(await counted(run, "refused")) == 1
    os.kill(pid, signal.SIGKILL)
    assert await first.nursery.ended(ENDS_WITHIN) == -signal.SIGKILL
    assert len((await run.control())["done"]) == 1


# --- a target that tells nothing ---


@pytest.mark.parametrize("point", IN_DOUBT, ids=lambda point: f"{point[0]} {point[1]}".replace(" ", "-"))
async def test_at_a_target_without_keys_doubt_goes_to_people(stage: Stage, point: Point) -> None:
    run = stage.new_run()
    await run.control(blind=True)
    ending = await run.live([point])
    check_at_most_once(ending)
    assert ending.results == ["unknown"]
    sent = point in (("after change", 1), ("before write action.executed", 1))
    assert len(ending.target["done"]) == int(sent)


@pytest.mark.parametrize("point", CERTAIN, ids=lambda point: point[0].replace(" ", "-"))
async def test_at_a_target_without_keys_certainty_needs_nobody(stage: Stage, point: Point) -> None:
    run = stage.new_run()
    await run.control(blind=True)
    check_once(await run.live([point]))


async def test_killed_before_the_call_at_each_attempt_it_is_for_people_and_nothing_is_done(stage: Stage) -> None:
    """Two attempts are made, not more; what the target surely did not do is not called unknown."""
    run = stage.new_run()
    ending = await run.live([("before change", 1), ("before change", 1)])
    assert ending.results == ["failed", "failed"]
    assert ending.target["done"] == []
    assert ending.outcome == "needs_human"


# --- the rule is what does it ---


@pytest.mark.parametrize(
    "point", [("after change", 1), ("before write action.executed", 1)], ids=lambda point: point[0]
)
async def test_without_the_rule_the_change_is_made_twice_and_the_check_sees_it(stage: Stage, point: Point) -> None:
    run = stage.new_run(forgetful=True)
    await run.control(blind=True)
    ending = await run.live([point])
    assert len(ending.target["done"]) == 2
    with pytest.raises(AssertionError):
        check_once(ending)
    with pytest.raises(AssertionError):
        check_at_most_once(ending)


async def test_without_the_rule_a_target_with_keys_still_does_it_once(stage: Stage) -> None:
    """The second wall: had the first one a hole, version and key at the target would hold."""
    run = stage.new_run(forgetful=True)
    ending = await run.live([("after change", 1)])
    assert len(ending.target["done"]) == 1
