"""Holds posts, the browser room's log, what was seen, and sessions to their rules; hands in `store` and `clock`."""

import asyncio
import math
from datetime import timedelta

import pytest

from engine.errors import UnknownName
from store.rooms import Post, Store
from tests.store.world import START, StandingClock


class PostsRules:
    """What is wanted is due until it is sent as of that wanting."""

    async def test_what_is_wanted_is_due_in_order_of_first_asking(self, store: Store) -> None:
        await store.posts.want("web:a", "inc_1", ["header", "evidence"])
        await store.posts.want("web:a", "inc_2", ["header"])
        await store.posts.want("web:a", "inc_1", ["header"])
        due = await store.posts.due("web:a")
        assert [(p.incident, p.slot, p.wanted) for p in due] == [
            ("inc_1", "header", 2),
            ("inc_1", "evidence", 1),
            ("inc_2", "header", 1),
        ]
        assert due[0] == Post(room="web:a", incident="inc_1", slot="header", wanted=2)

    async def test_what_is_sent_is_due_no_longer(self, store: Store) -> None:
        await store.posts.want("web:a", "inc_1", ["header"])
        (post,) = await store.posts.due("web:a")
        await store.posts.sent(post, "m1", "digest")
        assert not await store.posts.due("web:a")
        assert not await store.posts.rooms_due()
        (shown,) = await store.posts.of("inc_1")
        assert (shown.message, shown.shown, shown.sent) == ("m1", "digest", 1)

    async def test_what_was_wanted_while_sending_stays_due(self, store: Store) -> None:
        await store.posts.want("web:a", "inc_1", ["header"])
        (post,) = await store.posts.due("web:a")
        await store.posts.want("web:a", "inc_1", ["header"])
        await store.posts.sent(post, "m1", "digest")
        (still,) = await store.posts.due("web:a")
        assert (still.wanted, still.sent, still.message) == (2, 1, "m1")
        await store.posts.sent(still, "m1", "digest2")
        await store.posts.sent(post, "m1", "digest2")
        assert not await store.posts.due("web:a")

    async def test_no_asking_is_lost_among_many(self, store: Store) -> None:
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(store.posts.want("web:a", "inc_1", ["header", "evidence"]))
        assert [p.wanted for p in await store.posts.due("web:a")] == [20, 20]

    async def test_rooms_are_apart(self, store: Store) -> None:
        await store.posts.want("web:a", "inc_1", ["header"])
        await store.posts.want("web:b", "inc_1", ["header"])
        assert sorted(await store.posts.rooms_due()) == ["web:a", "web:b"]
        (post,) = await store.posts.due("web:a")
        await store.posts.sent(post, "m1", "d")
        assert list(await store.posts.rooms_due()) == ["web:b"]
        found = await store.posts.by_message("web:a", "m1")
        assert found is not None
        assert (found.incident, found.slot) == ("inc_1", "header")
        assert await store.posts.by_message("web:b", "m1") is None
        assert await store.posts.by_message("web:b", "") is None
        assert len(await store.posts.of("inc_1")) == 2

    async def test_what_nobody_wanted_cannot_be_sent(self, store: Store) -> None:
        with pytest.raises(UnknownName):
            await store.posts.sent(Post(room="web:a", incident="inc_1", slot="header"), "m", "d")


class RoomLogRules:
    """Messages in threads; one counter tells what changed since."""

    async def test_the_first_message_under_a_key_stands(self, store: Store) -> None:
        first = await store.room.post("a", 0, "k", "tocsin", {"text": "支付 503"}, START)
        again = await store.room.post("a", 0, "k", "tocsin", {"text": "other"}, START)
        assert again == first
        assert first.body == {"text": "支付 503"}
        assert await store.room.message(first.id) == first
        elsewhere = await store.room.post("b", 0, "k", "tocsin", {}, START)
        assert elsewhere.id != first.id

    async def test_posts_and_edits_raise_one_counter(self, store: Store) -> None:
        one = await store.room.post("a", 0, "1", "tocsin", {"n": 1}, START)
        two = await store.room.post("a", one.id, "2", "ann", {"n": 2}, START)
        edited = await store.room.edit(one.id, {"n": 3})
        assert one.revision < two.revision < edited.revision
        assert (edited.id, edited.body) == (one.id, {"n": 3})
        assert [m.id for m in await store.room.read("a", after=two.revision)] == [one.id]
        assert [m.id for m in await store.room.read("a")] == [one.id, two.id]
        assert not await store.room.read("a", after=edited.revision)

    async def test_a_thread_is_its_first_message_and_what_answers_it(self, store: Store) -> None:
        roots = [await store.room.post("a", 0, f"r{i}", "tocsin", {}, START) for i in range(3)]
        reply = await store.room.post("a", roots[1].id, "re", "ann", {}, START)
        assert [m.id for m in await store.room.read("a", thread=roots[1].id)] == [roots[1].id, reply.id]
        assert [m.id for m in await store.room.read("a", thread=0)] == [r.id for r in roots]
        assert [m.id for m in await store.room.threads("a", 2)] == [roots[2].id, roots[1].id]
        assert [m.id for m in await store.room.read("a", roots[1].id, reply.revision - 1)] == [reply.id]

    async def test_what_is_unknown_or_unsayable_is_refused(self, store: Store) -> None:
        root = await store.room.post("a", 0, "r", "tocsin", {}, START)
        reply = await store.room.post("a", root.id, "re", "tocsin", {}, START)
        for room, thread in (("a", 999), ("b", root.id), ("a", reply.id)):
            with pytest.raises(UnknownName):
                await store.room.post(room, thread, "x", "tocsin", {}, START)
        with pytest.raises(UnknownName):
            await store.room.edit(999, {})
        with pytest.raises(ValueError):
            await store.room.post("a", 0, "nan", "tocsin", {"n": math.nan}, START)
        assert await store.room.message(999) is None

    async def test_of_many_posts_with_one_key_there_is_one_message(self, store: Store) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.room.post("a", 0, "k", "t", {"i": i}, START)) for i in range(10)]
        assert len({str(task.result()) for task in tasks}) == 1
        assert len(await store.room.read("a")) == 1


class SeenRules:
    """What a platform delivers twice is new once."""

    async def test_only_the_first_is_first(self, store: Store) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.seen.first("slack", "ev1")) for _ in range(8)]
        assert sorted(task.result() for task in tasks) == [False] * 7 + [True]
        assert await store.seen.first("feishu", "ev1")
        assert not await store.seen.first("slack", "ev1")

    async def test_the_old_is_forgotten(self, store: Store, clock: StandingClock) -> None:
        await store.seen.first("slack", "old")
        clock.at = START + timedelta(days=2)
        await store.seen.first("slack", "new")
        assert await store.seen.prune(START + timedelta(days=1)) == 1
        assert await store.seen.first("slack", "old")
        assert not await store.seen.first("slack", "new")


class SessionsRules:
    """A token stands for an account until it expires; a one-time token once."""

    async def test_a_lasting_token_is_found_until_it_expires(self, store: Store, clock: StandingClock) -> None:
        await store.sessions.issue("d1", '{"id": "ann"}', START + timedelta(hours=1), one_time=False)
        assert await store.sessions.find("d1") == '{"id": "ann"}'
        assert await store.sessions.redeem("d1") == '{"id": "ann"}'
        assert await store.sessions.find("d1") == '{"id": "ann"}'
        clock.at = START + timedelta(hours=1)
        assert await store.sessions.find("d1") is None
        assert await store.sessions.redeem("d1") is None
        assert await store.sessions.find("unknown") is None

    async def test_a_one_time_token_is_redeemed_once_and_never_found(self, store: Store) -> None:
        await store.sessions.issue("d1", "ann", START + timedelta(hours=1), one_time=True)
        assert await store.sessions.find("d1") is None
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.sessions.redeem("d1")) for _ in range(5)]
        assert sorted(str(task.result()) for task in tasks) == ["None"] * 4 + ["ann"]

    async def test_an_expired_one_time_token_is_worth_nothing(self, store: Store, clock: StandingClock) -> None:
        await store.sessions.issue("d1", "ann", START + timedelta(minutes=5), one_time=True)
        clock.at = START + timedelta(minutes=6)
        assert await store.sessions.redeem("d1") is None

    async def test_a_revoked_token_is_gone(self, store: Store) -> None:
        await store.sessions.issue("d1", "ann", START + timedelta(hours=1), one_time=False)
        await store.sessions.revoke("d1")
        assert await store.sessions.find("d1") is None
