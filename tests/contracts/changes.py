"""Holds every `ChangeLog` to its rules. A suite that runs it hands in `store`, freshly opened."""

from datetime import timedelta

from engine.model import Change
from store.rooms import Store
from tests.store.world import START

HOUR = timedelta(hours=1)


def change(id: str, minutes: int = 0, service: str = "payment", **fields: object) -> Change:
    values = {"id": id, "service": service, "kind": "deploy", "at": START + timedelta(minutes=minutes)}
    return Change.model_validate(values | fields)


class ChangesRules:
    """A team finds its own changes of a service in a time, and nobody else's."""

    async def test_a_change_is_found_as_it_was_posted(self, store: Store) -> None:
        posted = change("c1", version="v2", previous_version="v1", by="ci", note="n", link="https://ci/1", files=("a",))
        await store.changes.note("one", [posted])
        assert list(await store.changes.noted("one", "payment", START - HOUR, START, 10)) == [posted]

    async def test_only_of_this_team_service_and_time_oldest_first(self, store: Store) -> None:
        posted = [change("late", 30), change("early", 10), change("other", 20, service="coupon"), change("gone", -90)]
        await store.changes.note("one", posted)
        await store.changes.note("two", [change("theirs", 20)])
        noted = store.changes.noted
        assert [c.id for c in await noted("one", "payment", START, START + HOUR, 10)] == ["early", "late"]
        assert [c.id for c in await noted("one", "payment", START, START + HOUR, 1)] == ["late"]
        assert [c.id for c in await noted("one", "payment", START + HOUR / 6, START + HOUR / 2, 9)] == ["early", "late"]
        assert not await noted("three", "payment", START, START + HOUR, 10)

    async def test_the_newest_post_of_an_id_stands(self, store: Store) -> None:
        await store.changes.note("one", [change("c1", note="first"), change("c1", note="second")])
        await store.changes.note("one", [change("c1", 5, service="coupon")])
        assert not await store.changes.noted("one", "payment", START - HOUR, START + HOUR, 10)
        assert [c.note for c in await store.changes.noted("one", "coupon", START - HOUR, START + HOUR, 10)] == [""]

    async def test_who_posts_and_of_what_is_known(self, store: Store) -> None:
        assert not store.changes.teams
        await store.changes.note("one", [change("c1", -10_000)])
        assert set(store.changes.teams) == {"one"}
        assert await store.changes.knows("one", "payment")
        assert not await store.changes.knows("one", "coupon")
        assert not await store.changes.knows("two", "payment")

    async def test_what_is_old_is_forgotten(self, store: Store) -> None:
        await store.changes.note("one", [change("old", -90), change("new")])
        await store.changes.note("two", [change("old", -90)])
        assert await store.changes.forget(START - HOUR) == 2
        assert set(store.changes.teams) == {"one"}
        assert [c.id for c in await store.changes.noted("one", "payment", START - 9 * HOUR, START, 9)] == ["new"]

    async def test_a_ci_that_lost_its_way_fills_no_disk(self, store: Store) -> None:
        for begin in range(0, 6_000, 1_000):
            await store.changes.note("one", [change(f"c{n:05d}", n) for n in range(begin, begin + 1_000)])
        first = await store.changes.noted("one", "payment", START - HOUR, START + 999 * HOUR, 9_999)
        assert (len(first), first[0].id, first[-1].id) == (5_000, "c01000", "c05999")
