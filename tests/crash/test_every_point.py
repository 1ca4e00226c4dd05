"""Kills the process before and after every touch of the outside world, restarts it, and finds the same ending."""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path

import pytest

from tests.crash.check import check_once
from tests.crash.stage import NotReached, Point, Stage, open_stages

LANES = 2
TRIES = 3
GROUPS = {
    "journal": ("write", "place"),
    "chat": ("post", "edit"),
    "world": ("ask", "checkpoint", "dry-run", "change", "probe"),
    "rest": ("want", "sent", "seen", "keep"),
}
"""What touches the outside belongs to which group; a label's second word says what it is."""

PROBES: tuple[tuple[Point, ...], ...] = (
    (("after change", 1), ("before probe", 1)),
    (("after change", 1), ("after probe", 1)),
    (("before change", 1), ("before probe", 1)),
    (("before change", 1), ("after probe", 1)),
    (("after write action.intended", 1), ("after probe", 1)),
    (("before change", 1), ("after change", 1)),
    (("before write action.executed", 1), ("before write action.executed", 1)),
)
"""Killed twice: with the change under way, and once more while the next process finds out what became of it."""

Stages = tuple[Stage, ...]


@pytest.fixture
async def stages(tmp_path: Path) -> AsyncIterator[Stages]:
    async with open_stages(tmp_path, LANES) as opened:
        yield opened


async def points_of(stage: Stage, belongs: Callable[[str], bool], **options: bool) -> list[Point]:
    """Every point an undisturbed life comes by."""
    ending = await stage.new_run(**options).live(in_step=True)
    check_once(ending)
    reached: dict[str, int] = ending.report["points"]
    return [(label, passing) for label, count in reached.items() if belongs(label) for passing in range(1, count + 1)]


async def strike(stages: Stages, plans: Sequence[tuple[Point, ...]], **options: bool) -> dict[str, str]:
    """Live one incident for each plan of kills, as many at a time as there are stages; what did not hold, by plan."""
    waiting = deque(plans)
    wrong: dict[str, str] = {}
    tries: Counter[tuple[Point, ...]] = Counter()

    async def take(stage: Stage) -> None:
        while waiting:
            plan = waiting.popleft()
            run = stage.new_run(**options)
            try:
                check_once(await run.live(plan))
            except NotReached as missed:
                # Two edits of one card may become one: where the second was to be hit, another run may have it.
                tries[plan] += 1
                if tries[plan] < TRIES:
                    waiting.append(plan)
                elif plan[0][1] == 1:
                    wrong[said(plan)] = f"{missed} was never reached"
            except (AssertionError, TimeoutError, StopIteration) as problem:
                wrong[said(plan)] = f"{type(problem).__name__} {problem}"[:3_000] + f"\n{run.log}"

    async with asyncio.TaskGroup() as group:
        for stage in stages:
            group.create_task(take(stage))
    return wrong


def said(plan: Sequence[Point]) -> str:
    return ", then ".join(f"{label} #{passing}" for label, passing in plan)


async def hit_all(stages: Stages, group: str, **options: bool) -> None:
    points = await points_of(stages[0], lambda label: label.split()[1] in GROUPS[group], **options)
    assert points
    print(f"\n{group}: {len(points)} points")
    for label, passing in points:
        print(f"  {label} #{passing}")
    wrong = await strike(stages, [(point,) for point in points], **options)
    assert not wrong, f"{len(wrong)} of {len(points)} points:\n" + "\n\n".join(
        f"{point}: {problem}" for point, problem in wrong.items()
    )


@pytest.mark.crash
@pytest.mark.parametrize("group", ["journal", "chat", "world"])
async def test_killed_at_every_point_it_ends_the_same(stages: Stages, group: str) -> None:
    await hit_all(stages, group)


@pytest.mark.crash
async def test_killed_again_while_it_finds_out_it_ends_the_same(stages: Stages) -> None:
    wrong = await strike(stages, PROBES)
    assert not wrong, wrong


@pytest.mark.prove
@pytest.mark.parametrize("turn", range(1, 6))
@pytest.mark.parametrize("group", GROUPS)
async def test_killed_at_every_point_again_and_again(stages: Stages, group: str, turn: int) -> None:
    """In turns with what an operator and a platform may do otherwise: a form instead of text, everything twice."""
    await hit_all(stages, group, typed=turn % 2 == 1, all_again=turn > 2)


@pytest.mark.crash
async def test_every_point_belongs_to_a_group(stages: Stages) -> None:
    known = {word for words in GROUPS.values() for word in words}
    strays = await points_of(stages[0], lambda label: label.split()[1] not in known)
    assert not strays
