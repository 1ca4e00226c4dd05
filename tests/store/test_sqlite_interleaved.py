"""Checks by random interleavings that keys, sequences and chains hold, whatever comes together or is cancelled."""

import asyncio
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from store.audit import audit_verify
from store.sqlite import open_sqlite
from store.stories import ROOM
from tests.store.world import START, StandingClock, ToldIds, decide, draft, sighting

Step = tuple[int, int, int, bool]
"""(incident, key, yields before, cancelled by its caller)"""

steps = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4), st.integers(0, 3), st.booleans()), max_size=25)


@settings(max_examples=30, deadline=None)
@given(steps, st.sampled_from([0, ROOM]), st.integers(0, 25))
def test_the_first_write_wins_and_the_chain_holds(told: list[Step], remember: int, reopened: int) -> None:
    asyncio.run(interleave(told, remember, reopened))


async def interleave(told: Sequence[Step], remember: int, reopened: int) -> None:
    """Write these steps at once, in two openings of one file; then hold them to the rules."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        async with open_sqlite(path, StandingClock(), ToldIds(), remember=remember) as store:
            incidents = [await store.register.open("default", [draft("created")]) for _ in range(3)]
        answered: dict[tuple[int, int], set[str]] = {}
        for half in (told[:reopened], told[reopened:]):
            async with open_sqlite(path, StandingClock(), ToldIds(), remember=remember) as store:

                async def write(number: int, step: Step) -> None:
                    incident, key, yields, _ = step
                    for _ in range(yields):
                        await asyncio.sleep(0)
                    entry = await store.timeline.write(incidents[incident], draft(f"k{key}", by=number))
                    answered.setdefault((incident, key), set()).add(entry.digest)

                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(write(number, step)) for number, step in enumerate(half)]
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
                    for task, step in zip(tasks, half, strict=True):
                        if step[3]:
                            task.cancel()
                await store.register.beat("default", "behind whatever was cancelled and still waits", START)
                for incident in incidents:
                    audit = await audit_verify(store.disk, incident, await store.disk.head(incident))
                    assert audit.faults == ()
                    assert await store.timeline.read(incident) == await store.disk.read(incident)
                for (number, key), digests in answered.items():
                    found = await store.timeline.find(incidents[number], f"k{key}")
                    assert found is not None
                    assert digests == {found.digest}


arrivals = st.lists(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["", "g"]), st.sampled_from(["firing", "resolved"])),
        min_size=1,
        max_size=4,
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=30, deadline=None)
@given(arrivals, st.sampled_from([0, ROOM]))
def test_calls_at_once_are_as_calls_one_after_the_other(calls: list[list[tuple[str, str, str]]], remember: int) -> None:
    assert asyncio.run(place(calls, remember, together=True)) == asyncio.run(place(calls, remember, together=False))


async def place(calls: Sequence[Sequence[tuple[str, str, str]]], remember: int, *, together: bool) -> object:
    """Place these calls, and say what became of all of it."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_sqlite(Path(folder) / "s.db", StandingClock(), ToldIds(), remember=remember) as store:
            batches = [[sighting(f, g, status=s) for f, g, s in call] for call in calls]
            if together:
                async with asyncio.TaskGroup() as group:
                    tasks = [group.create_task(store.register.place(batch, decide)) for batch in batches]
                placed = [task.result() for task in tasks]
            else:
                placed = [await store.register.place(batch, decide) for batch in batches]
            stories = [await store.disk.read(incident) for incident in await store.register.newest()]
            seen = [await store.register.sightings("default", f) for f in "abc"]
            return placed, stories, seen, await store.register.living()
