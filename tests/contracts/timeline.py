"""Holds every `Timeline` to its rules. A suite that runs it hands in `store`, freshly opened."""

import asyncio
import math
from datetime import UTC, timedelta, timezone

import pytest

from engine.errors import UnknownName
from store.audit import audit_verify
from store.rooms import Store
from tests.store.world import START, draft


async def opened(store: Store) -> str:
    return await store.register.open("default", [draft("created", "incident.created", team="default")])


class TimelineRules:
    """First write of a key wins; seq has no gaps; waiting is woken; what is read is what was written."""

    async def test_an_entry_is_read_as_it_was_written(self, store: Store) -> None:
        incident = await opened(store)
        said = draft("said:1", text="数据库连接池满了 \U0001f525", nested={"b": [1, 2.5, None], "a": True})
        entry = await store.timeline.write(incident, said)
        assert (entry.incident, entry.seq, entry.key, entry.kind) == (incident, 2, "said:1", "message.said")
        assert entry.body == said.body
        assert entry.at == START
        assert await store.timeline.find(incident, "said:1") == entry
        assert list(await store.timeline.read(incident))[1:] == [entry]

    async def test_the_first_write_of_a_key_wins(self, store: Store) -> None:
        incident = await opened(store)
        first = await store.timeline.write(incident, draft("1/approval/a", verdict="approved"))
        second = await store.timeline.write(incident, draft("1/approval/a", verdict="rejected"))
        assert second == first
        assert second.body == {"verdict": "approved"}
        assert len(await store.timeline.read(incident)) == 2

    async def test_of_many_at_once_one_wins_and_all_learn_which(self, store: Store) -> None:
        incident = await opened(store)
        async with asyncio.TaskGroup() as group:
            tries = [group.create_task(store.timeline.write(incident, draft("k", by=i))) for i in range(20)]
        assert len({str(t.result()) for t in tries}) == 1
        assert len(await store.timeline.read(incident)) == 2

    async def test_the_same_key_of_another_incident_is_another_key(self, store: Store) -> None:
        one, other = await opened(store), await opened(store)
        await store.timeline.write(one, draft("k", of="one"))
        await store.timeline.write(other, draft("k", of="other"))
        found = await store.timeline.find(one, "k")
        assert found is not None
        assert found.body == {"of": "one"}

    async def test_seq_has_no_gaps_and_the_chain_holds(self, store: Store) -> None:
        incident = await opened(store)
        async with asyncio.TaskGroup() as group:
            for i in range(30):
                group.create_task(store.timeline.write(incident, draft(f"k{i % 20}", i=i)))
        entries = await store.timeline.read(incident)
        assert [e.seq for e in entries] == list(range(1, 22))
        assert (await audit_verify(store.timeline, incident)).faults == ()

    async def test_reading_starts_after_a_seq(self, store: Store) -> None:
        incident = await opened(store)
        for i in range(4):
            await store.timeline.write(incident, draft(f"k{i}"))
        assert [e.seq for e in await store.timeline.read(incident, after=3)] == [4, 5]
        assert not await store.timeline.read(incident, after=5)

    async def test_what_is_not_there(self, store: Store) -> None:
        incident = await opened(store)
        assert await store.timeline.find(incident, "nothing") is None
        assert not await store.timeline.read("inc_none")
        assert await store.timeline.find("inc_none", "k") is None
        with pytest.raises(UnknownName):
            await store.timeline.write("inc_none", draft("k"))
        assert not await store.timeline.read("inc_none")

    async def test_waiting_returns_at_once_what_stands_already(self, store: Store) -> None:
        incident = await opened(store)
        entry = await store.timeline.write(incident, draft("k"))
        async with asyncio.timeout(5):
            assert await store.timeline.wait(incident, "k") == entry

    async def test_waiting_is_woken_by_its_key_alone(self, store: Store) -> None:
        incident = await opened(store)
        async with asyncio.timeout(5), asyncio.TaskGroup() as group:
            waiting = [group.create_task(store.timeline.wait(incident, "k")) for _ in range(3)]
            await store.timeline.write(incident, draft("other"))
            assert not any(task.done() for task in waiting)
            entry = await store.timeline.write(incident, draft("k"))
        assert [task.result() for task in waiting] == [entry] * 3

    async def test_who_waits_no_longer_disturbs_nobody(self, store: Store) -> None:
        incident = await opened(store)
        async with asyncio.TaskGroup() as group:
            tired = group.create_task(store.timeline.wait(incident, "k"))
            patient = group.create_task(store.timeline.wait(incident, "k"))
            await store.timeline.write(incident, draft("other"))
            tired.cancel()
            entry = await store.timeline.write(incident, draft("k"))
        assert tired.cancelled()
        assert patient.result() == entry

    @pytest.mark.parametrize("value", [math.nan, math.inf, {"deep": [-math.inf]}])
    async def test_what_is_no_number_is_refused_and_nothing_is_written(self, store: Store, value: object) -> None:
        incident = await opened(store)
        with pytest.raises(ValueError):
            await store.timeline.write(incident, draft("k", value=value))
        with pytest.raises(TypeError):
            await store.timeline.write(incident, draft("k", value=START))
        assert len(await store.timeline.read(incident)) == 1

    async def test_a_time_without_a_zone_is_refused(self, store: Store) -> None:
        incident = await opened(store)
        with pytest.raises(ValueError):
            await store.timeline.write(incident, draft("k", at=START.replace(tzinfo=None)))

    async def test_a_time_is_kept_as_the_same_instant(self, store: Store) -> None:
        incident = await opened(store)
        shanghai = START.astimezone(timezone(timedelta(hours=8))) + timedelta(microseconds=1)
        entry = await store.timeline.write(incident, draft("k", at=shanghai))
        assert entry.at == shanghai
        assert entry.at.utcoffset() == timedelta(0)
        assert (await store.timeline.read(incident))[-1].at == shanghai.astimezone(UTC)

    async def test_half_characters_and_nul_in_hostile_text_are_kept_somehow(self, store: Store) -> None:
        incident = await opened(store)
        entry = await store.timeline.write(incident, draft("said:\ud800\x00", text="\udfff\x00"))
        assert entry.body == {"text": "\udfff\x00"}
        assert await store.timeline.write(incident, draft("said:\ud800\x00", text="again")) == entry
        assert await store.timeline.find(incident, "said:\ud800\x00") == entry
        assert (await audit_verify(store.timeline, incident)).faults == ()

    async def test_a_body_changed_after_writing_changes_nothing(self, store: Store) -> None:
        incident = await opened(store)
        said = draft("k", list=[1])
        await store.timeline.write(incident, said)
        said.body["list"].append(2)
        assert (await store.timeline.read(incident))[-1].body == {"list": [1]}
