"""Holds every `Register` to its rules. A suite that runs it hands in `store`, `clock` and `ids` of one opening."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

import pytest

from engine.errors import NotPlacedYet, UnknownName
from engine.model import Entry
from engine.ports import Draft, Known, Placing, RawCall, Sighting
from store.rooms import RAW_LIMIT, Store
from tests.store.world import START, StandingClock, ToldIds, decide, draft, drafts, sighting

Asked = list[tuple[Sighting, Known | None, Known | None]]


class Recording:
    """Decides as an intake does, and remembers what it was told."""

    def __init__(self) -> None:
        self.asked: Asked = []

    def __call__(self, seen: Sighting, known: Known | None, group: Known | None) -> Placing:
        self.asked.append((seen, known, group))
        return decide(seen, known, group)


async def close(store: Store, incident: str, episode: int = 1) -> None:
    await store.timeline.write(
        incident, draft(f"{episode}/closed", "incident.closed", at=START + timedelta(minutes=9), outcome="recovered")
    )


class RegisterRules:
    """Who is born, who still lives, which alert belongs to whom."""

    async def test_a_new_alert_opens_an_incident_with_its_entries_in_order(self, store: Store) -> None:
        (placed,) = await store.register.place([sighting("fp", "g")], decide)
        assert (placed.what, placed.fingerprint) == ("open", "fp")
        entries = await store.timeline.read(placed.incident)
        assert [(e.seq, e.kind) for e in entries] == [(1, "incident.created"), (2, "alert.normalized")]
        assert await store.register.team_of(placed.incident) == "default"
        assert list(await store.register.living()) == [placed.incident]

    async def test_the_header_of_what_opens_is_wanted_where_the_alert_says(self, store: Store) -> None:
        shown = sighting("fp")._replace(rooms=("web:a", "web:b"))
        opened, _ = await store.register.place([shown, sighting("else")], decide)
        for room in shown.rooms:
            (post,) = await store.posts.due(room)
            assert (post.incident, post.slot, post.wanted) == (opened.incident, "header", 1)
        await store.register.place([shown], decide)
        assert [post.wanted for post in await store.posts.of(opened.incident)] == [1, 1]

    async def test_nothing_is_wanted_of_a_call_that_fails(self, store: Store) -> None:
        def refuse(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
            if seen.alert.fingerprint == "bad":
                raise ValueError("refused")
            return decide(seen, known, group)

        both = [sighting(name)._replace(rooms=("web:a",)) for name in ("good", "bad")]
        with pytest.raises(ValueError, match="refused"):
            await store.register.place(both, refuse)
        assert not await store.posts.due("web:a")

    async def test_the_same_alert_again_is_known(self, store: Store) -> None:
        (first,) = await store.register.place([sighting("fp", "g")], decide)
        recording = Recording()
        (second,) = await store.register.place([sighting("fp", "g")], recording)
        ((_, known, group),) = recording.asked
        expected = Known(incident=first.incident, last_status="firing", last_starts_at=START)
        assert known == expected
        assert group == expected
        assert (second.what, second.incident) == ("join", first.incident)
        assert len(await store.timeline.read(first.incident)) == 2

    async def test_of_two_calls_at_once_with_one_alert_one_opens(self, store: Store) -> None:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.register.place([sighting("fp")], decide)) for _ in range(10)]
        placed = [task.result()[0] for task in tasks]
        assert sorted(p.what for p in placed) == ["join"] * 9 + ["open"]
        assert len({p.incident for p in placed}) == 1

    async def test_alerts_of_one_group_in_one_call_share_an_incident(self, store: Store) -> None:
        recording = Recording()
        placed = await store.register.place([sighting("a", "g"), sighting("b", "g"), sighting("c", "h")], recording)
        assert [p.what for p in placed] == ["open", "join", "open"]
        assert placed[0].incident == placed[1].incident != placed[2].incident
        assert recording.asked[1][1] is None
        group = recording.asked[1][2]
        assert group is not None
        assert group.incident == placed[0].incident

    async def test_an_empty_group_key_is_no_group(self, store: Store) -> None:
        placed = await store.register.place([sighting("a"), sighting("b")], decide)
        assert [p.what for p in placed] == ["open", "open"]

    async def test_teams_share_nothing(self, store: Store) -> None:
        recording = Recording()
        one = await store.register.place([sighting("fp", "g", team="one")], recording)
        other = await store.register.place([sighting("fp", "g", team="other")], recording)
        assert one[0].incident != other[0].incident
        assert recording.asked[-1][1:] == (None, None)
        assert list(await store.register.newest("one")) == [one[0].incident]
        assert await store.register.team_of(other[0].incident) == "other"

    async def test_the_newest_open_incident_stands_for_its_group(self, store: Store) -> None:
        def apart(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
            return decide(seen, None, None)

        placed = await store.register.place([sighting(f, "g") for f in "abc"], apart)
        recording = Recording()
        await close(store, placed[2].incident)
        await store.register.place([sighting("d", "g")], recording)
        assert recording.asked[0][2] is not None
        assert recording.asked[0][2].incident == placed[1].incident
        for incident in (placed[1].incident, placed[0].incident):
            await close(store, incident)
        await store.register.place([sighting("e", "g")], recording)
        assert recording.asked[1][2] is None

    async def test_closing_reopening_and_resolving_are_known(self, store: Store) -> None:
        (first,) = await store.register.place([sighting("fp", "g")], decide)
        later = START + timedelta(minutes=5)
        await store.register.place([sighting("fp", "g", status="resolved")], decide)
        await close(store, first.incident)
        assert not await store.register.living()
        recording = Recording()
        (again,) = await store.register.place([sighting("fp", "g", at=later)], recording)
        known = recording.asked[0][1]
        assert known is not None
        assert (known.last_status, known.last_starts_at, known.episode) == ("resolved", START, 1)
        assert (known.resolved_at, known.closed_at) == (START, START + timedelta(minutes=9))
        assert recording.asked[0][2] is None
        assert (again.what, again.incident) == ("reopen", first.incident)
        await store.register.place([sighting("fp", "g", at=later)], recording)
        known = recording.asked[1][1]
        assert known is not None
        assert (known.last_status, known.last_starts_at, known.episode) == ("firing", later, 2)
        assert (known.resolved_at, known.closed_at) == (None, None)
        assert list(await store.register.living()) == [first.incident]

    async def test_an_incident_is_resolved_once_none_of_its_alerts_fires(self, store: Store) -> None:
        recording = Recording()
        await store.register.place([sighting("a", "g"), sighting("b", "g")], decide)
        await store.register.place([sighting("a", "g", status="resolved")], decide)
        await store.register.place([sighting("b", "g", status="resolved")], recording)
        await store.register.place([sighting("b", "g", status="resolved")], recording)
        assert [known.resolved_at for _, known, _ in recording.asked if known] == [None, START]

    async def test_a_late_repeat_does_not_turn_the_clock_back(self, store: Store) -> None:
        recording = Recording()
        await store.register.place([sighting("fp")], decide)
        await store.register.place([sighting("fp", status="resolved")], decide)
        await store.register.place([sighting("fp")], decide)
        await store.register.place([sighting("fp")], recording)
        known = recording.asked[0][1]
        assert known is not None
        assert known.last_status == "resolved"

    async def test_an_alert_belongs_to_the_incident_that_took_it_last(self, store: Store) -> None:
        (old,) = await store.register.place([sighting("fp")], decide)
        await close(store, old.incident)

        def anew(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
            assert known is not None
            return Placing(what="open", previous=known.incident, drafts=drafts(seen, draft("created")))

        (new,) = await store.register.place([sighting("fp", at=START + timedelta(hours=2))], anew)
        recording = Recording()
        await store.register.place([sighting("fp", at=START + timedelta(hours=2))], recording)
        known = recording.asked[0][1]
        assert known is not None
        assert known.incident == new.incident != old.incident

    async def test_what_is_ignored_leaves_nothing(self, store: Store) -> None:
        (placed,) = await store.register.place([sighting("fp", status="resolved")], decide)
        assert (placed.what, placed.incident) == ("ignore", "")
        assert not await store.register.newest()
        recording = Recording()
        await store.register.place([sighting("fp")], recording)
        assert recording.asked[0][1] is None

    async def test_one_call_is_written_whole_or_not_at_all(self, store: Store) -> None:
        def fail_at_the_second(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
            if seen.alert.fingerprint == "b":
                raise ZeroDivisionError
            return decide(seen, known, group)

        with pytest.raises(ZeroDivisionError):
            await store.register.place([sighting("a"), sighting("b")], fail_at_the_second)
        assert not await store.register.newest()
        recording = Recording()
        await store.register.place([sighting("a")], recording)
        assert recording.asked[0][1] is None

    async def test_who_fails_spoils_nothing_for_those_beside_him(self, store: Store) -> None:
        def fail(seen: Sighting, known: Known | None, group: Known | None) -> NoReturn:
            raise ZeroDivisionError

        async def failing() -> None:
            with pytest.raises(ZeroDivisionError):
                await store.register.place([sighting("x")], fail)

        async with asyncio.TaskGroup() as group:
            good = []
            for i in range(6):
                good.append(group.create_task(store.register.place([sighting(f"fp{i}")], decide)))
                group.create_task(failing())
        assert [task.result()[0].what for task in good] == ["open"] * 6
        assert len(await store.register.newest()) == 6

    async def test_joining_what_does_not_exist_is_refused(self, store: Store) -> None:
        def astray(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
            return Placing(what="join", incident="inc_none", drafts=drafts(seen))

        with pytest.raises(UnknownName):
            await store.register.place([sighting("fp")], astray)

    async def test_ids_are_drawn_until_one_is_free(self, store: Store, ids: ToldIds) -> None:
        (first,) = await store.register.place([sighting("a")], decide)
        ids.told = [first.incident, first.incident, "inc_free", "inc_free", "inc_other"]
        (second,) = await store.register.place([sighting("b")], decide)
        assert second.incident == "inc_free"
        assert await store.register.open("default", [draft("created")]) == "inc_other"
        assert len(await store.timeline.read(first.incident)) == 2

    async def test_sightings_are_counted_with_repeats(self, store: Store, clock: StandingClock) -> None:
        register = store.register
        await register.place([sighting("fp"), sighting("fp")], decide)
        clock.at = START + timedelta(minutes=1)
        await register.place([sighting("fp")], decide)
        count = await register.sightings("default", "fp")  # type: ignore[attr-defined]
        assert count == (3, START + timedelta(minutes=1))
        assert await register.sightings("default", "none") is None  # type: ignore[attr-defined]

    async def test_a_person_opens_one_too(self, store: Store) -> None:
        entries = [draft("created", "incident.created", team="default"), draft("ack", "incident.acknowledged")]
        incident = await store.register.open("default", entries)
        assert [e.key for e in await store.timeline.read(incident)] == ["created", "ack"]
        assert await store.register.team_of(incident) == "default"
        with pytest.raises(UnknownName):
            await store.register.team_of("inc_none")

    async def test_several_are_written_together_by_what_stands_in_them(self, store: Store) -> None:
        (one,) = await store.register.place([sighting("a", "g")], decide)
        (two,) = await store.register.place([sighting("b", "h")], decide)
        told: list[list[str]] = []

        def move(fresh: str, stories: Sequence[Sequence[Entry]]) -> Sequence[tuple[str, Draft]]:
            told.append([entry.key for entry in stories[0]])
            moved = drafts(sighting("a", "g", at=START + timedelta(seconds=1)))[0]
            return [(one.incident, draft("1/closed", "incident.closed", outcome="merged")), (two.incident, moved)]

        assert await store.register.together([one.incident, two.incident], move) == ""
        assert told[-1] == [entry.key for entry in await store.timeline.read(one.incident)][:2]
        assert list(await store.register.living()) == [two.incident]
        recording = Recording()
        (again,) = await store.register.place([sighting("a", "g", at=START + timedelta(minutes=1))], recording)
        known = recording.asked[0][1]
        assert known is not None
        assert (known.incident, known.last_starts_at) == (two.incident, START + timedelta(seconds=1))
        assert again.incident == two.incident

    async def test_alerts_of_a_merged_group_are_looked_for_where_it_went(self, store: Store) -> None:
        placed = await store.register.place([sighting("a", "g"), sighting("b", "h"), sighting("c", "i")], decide)
        one, two, three = [item.incident for item in placed]

        async def merge(incident: str, into: str) -> None:
            def weave(fresh: str, stories: Sequence[Sequence[Entry]]) -> Sequence[tuple[str, Draft]]:
                merged = draft(f"merged:{into}", "incident.merged", incident=into)
                return [(incident, merged), (incident, draft("1/closed", "incident.closed"))]

            await store.register.together([incident, into], weave)

        async def of_group(fingerprint: str) -> str:
            recording = Recording()
            await store.register.place([sighting(fingerprint, "g", status="resolved")], recording)
            ((_, _, group),) = recording.asked
            return group.incident if group else ""

        assert await of_group("d") == one
        await merge(one, two)
        assert await of_group("d") == two
        await merge(two, three)
        assert await of_group("d") == ""
        await merge(one, three)
        assert await of_group("d") == three
        await store.timeline.write(one, draft("unlinked", "incident.unlinked", incident=three))
        assert await of_group("d") == ""
        await store.timeline.write(one, draft("reopened:2", "incident.reopened"))
        assert await of_group("d") == one

    async def test_a_new_incident_is_opened_together_with_what_an_old_one_gives_it(self, store: Store) -> None:
        (old,) = await store.register.place([sighting("a", "g", team="one")], decide)
        await store.register.place([sighting("b", "g", team="one"), sighting("b", "g", "one", "resolved")], decide)

        def split(fresh: str, stories: Sequence[Sequence[Entry]]) -> Sequence[tuple[str, Draft]]:
            taken = draft("taken", "alert.normalized", alert=sighting("a").alert.model_dump(mode="json"))
            return [
                (fresh, draft("created", "incident.created", team="one")),
                (fresh, taken),
                (old.incident, draft("left", "alert.left", fingerprints=["a"])),
            ]

        fresh = await store.register.together([old.incident], split)
        assert await store.register.team_of(fresh) == "one"
        assert list(await store.register.newest("one")) == [fresh, old.incident]
        recording = Recording()
        later = START + timedelta(minutes=1)
        await store.register.place([sighting(name, "g", team="one", at=later) for name in "abc"], recording)
        known, other, _ = [item[1] for item in recording.asked]
        assert known is not None
        assert other is not None
        assert (known.incident, other.incident, other.resolved_at) == (fresh, old.incident, START)
        assert recording.asked[2][2] is not None
        assert recording.asked[2][2].incident == old.incident

    async def test_what_cannot_be_woven_leaves_nothing(self, store: Store) -> None:
        (one,) = await store.register.place([sighting("a")], decide)

        def astray(fresh: str, stories: Sequence[Sequence[Entry]]) -> Sequence[tuple[str, Draft]]:
            return [(one.incident, draft("x")), (fresh, draft("created")), ("inc_none", draft("x"))]

        def failing(fresh: str, stories: Sequence[Sequence[Entry]]) -> NoReturn:
            raise ZeroDivisionError

        with pytest.raises(UnknownName):
            await store.register.together([one.incident], astray)
        with pytest.raises(ZeroDivisionError):
            await store.register.together([one.incident], failing)
        with pytest.raises(UnknownName):
            await store.register.together([one.incident, "inc_none"], lambda fresh, stories: ())
        assert len(await store.timeline.read(one.incident)) == 2
        assert list(await store.register.newest()) == [one.incident]

    async def test_the_living_stand_oldest_first_and_the_newest_newest_first(self, store: Store) -> None:
        all_of_them = [await store.register.open("default", [draft("created")]) for _ in range(4)]
        await close(store, all_of_them[1])
        assert list(await store.register.living()) == [all_of_them[i] for i in (0, 2, 3)]
        assert list(await store.register.newest()) == all_of_them[::-1]
        assert list(await store.register.newest("default", limit=2)) == all_of_them[:1:-1]
        assert not await store.register.newest("other")

    async def test_receiver_calls_are_kept_as_they_came(self, store: Store) -> None:
        await store.register.keep_raw("r1", "alertmanager", b"\xff{", "not JSON")
        await store.register.keep_raw("r2", "grafana", b"x" * (RAW_LIMIT + 1))
        one, two = await store.raw("r1"), await store.raw("r2")
        assert one is not None
        assert two is not None
        assert (one.source, one.body, one.reason, one.at) == ("alertmanager", b"\xff{", "not JSON", START)
        assert len(two.body) == RAW_LIMIT
        await store.register.keep_raw("r2", "grafana", b"y", "item 3: no labels")
        two = await store.raw("r2")
        assert two is not None
        assert (two.body[:1], two.reason) == (b"x", "item 3: no labels")
        assert await store.raw("r3") is None

    async def test_a_call_is_kept_with_what_it_brought(self, store: Store) -> None:
        call = RawCall("r1", "alertmanager", b"{}", "item 3: no labels")
        await store.register.place([sighting("fp")], decide, call)
        await store.register.place([], decide, RawCall("r2", "alertmanager", b"[]"))
        one, two = await store.raw("r1"), await store.raw("r2")
        assert one is not None
        assert two is not None
        assert (one.source, one.body, one.reason, one.at) == ("alertmanager", b"{}", "item 3: no labels", START)
        assert two.body == b"[]"

    async def test_receiver_calls_are_forgotten_once_they_are_old(self, store: Store) -> None:
        await store.register.keep_raw("r1", "alertmanager", b"{}")
        assert await store.register.forget_raw(START) == 0
        assert await store.raw("r1") is not None
        assert await store.register.forget_raw(START + timedelta(seconds=1)) == 1
        assert await store.raw("r1") is None

    # --- a crowd ---

    async def test_an_admitted_call_is_placed_under_the_ids_it_was_promised(self, store: Store, ids: ToldIds) -> None:
        seen = [sighting("a", "g"), sighting("b", "h")]
        promised = await store.register.admit(seen, RawCall("r1", "alertmanager", b"{}"))
        assert len(set(promised)) == 2
        assert list(await store.register.newest()) == []
        (waiting,) = await store.register.admitted(10)
        assert (waiting.call.ref, waiting.call.body, waiting.at) == ("r1", b"{}", START)
        assert [(p.incident, p.team, p.fingerprint, p.group_key) for p in waiting.promises] == [
            (promised[0], "default", "a", "g"),
            (promised[1], "default", "b", "h"),
        ]
        ids.told = [promised[0]]
        (other,) = await store.register.place([sighting("z")], decide)
        assert other.incident not in promised
        placed = await store.register.place(seen, decide, admitted=waiting)
        assert [(p.what, p.incident) for p in placed] == [("open", promised[0]), ("open", promised[1])]
        assert list(await store.register.admitted(10)) == []

    async def test_only_who_opens_an_incident_of_his_own_is_admitted(self, store: Store) -> None:
        await store.register.place([sighting("known", "g")], decide)
        call = RawCall("r1", "alertmanager", b"{}")
        assert await store.register.admit([sighting("known")], call) == ()
        assert await store.register.admit([sighting("mate", "g")], call) == ()
        assert await store.register.admit([sighting("a", "h"), sighting("b", "h")], call) == ()
        assert await store.register.admit([sighting("a"), sighting("a")], call) == ()
        assert list(await store.register.admitted(10)) == []
        assert await store.register.admit([sighting("known", "g", team="other")], call) != ()

    async def test_nothing_overtakes_a_promise(self, store: Store) -> None:
        (promised,) = await store.register.admit([sighting("a", "g")], RawCall("r1", "alertmanager", b"{}"))
        again = RawCall("r2", "alertmanager", b"{}")
        for late in (sighting("a"), sighting("b", "g"), sighting("a", status="resolved")):
            assert await store.register.admit([late], again) == ()
            with pytest.raises(NotPlacedYet):
                await store.register.place([sighting("c"), late], decide, again)
        assert list(await store.register.newest()) == []
        (waiting,) = await store.register.admitted(10)
        await store.register.place([sighting("a", "g")], decide, admitted=waiting)
        (placed,) = await store.register.place([sighting("b", "g")], decide, again)
        assert (placed.what, placed.incident) == ("join", promised)

    async def test_of_calls_at_once_about_one_alert_one_is_promised(self, store: Store) -> None:
        async with asyncio.TaskGroup() as group:
            calls = [RawCall(f"r{n}", "alertmanager", b"{}") for n in range(10)]
            tasks = [group.create_task(store.register.admit([sighting("a")], call)) for call in calls]
        assert sorted(len(task.result()) for task in tasks) == [0] * 9 + [1]

    async def test_what_waits_to_be_placed_is_not_forgotten(self, store: Store, clock: StandingClock) -> None:
        await store.register.admit([sighting("a")], RawCall("r1", "alertmanager", b"{}"))
        clock.at += timedelta(days=30)
        assert await store.register.forget_raw(clock.at) == 0
        (waiting,) = await store.register.admitted(10)
        await store.register.place([sighting("a")], decide, admitted=waiting)
        assert await store.register.forget_raw(clock.at) == 1

    async def test_heartbeats_are_remembered_by_team_and_name(self, store: Store) -> None:
        later = START + timedelta(minutes=1)
        await store.register.beat("one", "Watchdog", START)
        await store.register.beat("other", "Watchdog", START)
        await store.register.beat("one", "Watchdog", later)
        await store.register.beat("one", "Watchdog", START)
        assert dict(await store.register.beats()) == {("one", "Watchdog"): later, ("other", "Watchdog"): START}
