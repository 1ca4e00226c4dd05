"""Checks what only a file can do: be reopened, held, full, damaged, newer, rebuilt, copied, tampered with."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from engine.errors import StoreBusy, StoreError, StoreFull
from engine.ports import Known, Placing, Sighting
from store.audit import audit_verify
from store.backup import backup
from store.queries import queries
from store.schema import NEWEST
from store.sqlite import SqliteStore, migrate, open_beside, open_sqlite
from store.trouble import named
from tests.store.world import START, StandingClock, ToldIds, decide, draft, drafts, sighting

CLOCK = StandingClock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


def words(caught: pytest.ExceptionInfo[StoreError]) -> str:
    return caught.value.phrase.word


async def some_story(store: SqliteStore) -> str:
    """An incident of two alerts that was resolved, closed and re-opened, beside a few others."""
    await store.register.place([sighting("x"), sighting("y", "h")], decide)
    (placed, _) = await store.register.place([sighting("a", "g"), sighting("b", "g")], decide)
    await store.register.place([sighting("a", "g", status="resolved")], decide)
    await store.register.place([sighting("b", "g", status="resolved")], decide)
    await store.timeline.write(placed.incident, draft("1/closed", "incident.closed", outcome="recovered"))
    await store.register.place([sighting("b", "g", at=START + timedelta(minutes=7))], decide)
    done = await store.register.open("other", [draft("created", "incident.created", team="other")])
    await store.timeline.write(done, draft("1/closed", "incident.closed", outcome="false_alarm"))
    return placed.incident


# --- surviving ---


async def test_everything_is_there_after_reopening(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await some_story(store)
        entries = await store.timeline.read(incident)
        assert await store.seen.first("slack", "Ev1")
        living, newest = await store.register.living(), await store.register.newest()
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        assert await store.timeline.read(incident) == entries
        assert (await store.register.living(), await store.register.newest()) == (living, newest)
        again = await store.timeline.write(incident, draft("created", "incident.created", team="thief"))
        assert again == entries[0]
        more = await store.timeline.write(incident, draft("more"))
        assert more.seq == len(entries) + 1
        assert not await store.seen.first("slack", "Ev1"), "what was delivered to the last process is known to this one"
        assert await store.seen.first("feishu", "Ev1")
        assert (await audit_verify(store.disk, incident, await store.disk.head(incident))).faults == ()


async def test_an_id_taken_before_this_opening_is_drawn_again(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds(["inc_a", "inc_b"])) as store:
        await store.register.place([sighting("a"), sighting("b")], decide)
    ids = ToldIds(["inc_a", "inc_b", "inc_c", "inc_a", "inc_d", "inc_c"])
    async with open_sqlite(path, CLOCK, ids) as store:
        async with asyncio.TaskGroup() as group:
            shown = [sighting(f)._replace(rooms=("web:a",)) for f in "cd"]
            tasks = [group.create_task(store.register.place([each], decide)) for each in shown]
            group.create_task(store.register.beat("default", "Watchdog", START))
        opened = [task.result()[0].incident for task in tasks]
        assert len({*opened, "inc_a", "inc_b"}) == 4
        assert [len(await store.timeline.read(i)) for i in ("inc_a", "inc_b", *opened)] == [2, 2, 2, 2]
        assert [(post.incident, post.wanted) for post in await store.posts.due("web:a")] == [(i, 1) for i in opened]
        assert await store.register.beats()


async def test_what_a_cancelled_caller_asked_for_is_written(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await store.register.open("default", [draft("created")])
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(store.timeline.write(incident, draft(f"k{i}"))) for i in range(6)]
            await asyncio.sleep(0)
            for task in tasks[::2]:
                task.cancel()
        assert [task.cancelled() for task in tasks] == [True, False] * 3
        entries = await store.timeline.read(incident)
    assert [e.key for e in entries] == ["created", *(f"k{i}" for i in range(6))]


async def test_what_waits_at_closing_is_written(path: Path) -> None:
    async with asyncio.TaskGroup() as group, open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await store.register.open("default", [draft("created")])
        for i in range(100):
            group.create_task(store.timeline.write(incident, draft(f"k{i}")))
        await asyncio.sleep(0)
    async with open_beside(path, CLOCK, ToldIds()) as store:
        assert len(await store.timeline.read(incident)) == 101


async def test_a_closed_store_says_so(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await store.register.open("default", [draft("created")])
    with pytest.raises(StoreError) as caught:
        await store.timeline.write(incident, draft("k"))
    assert words(caught) == "error.store_closed"


async def test_what_the_body_raises_comes_out_as_it_is(path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with open_sqlite(path, CLOCK, ToldIds()):
            raise ZeroDivisionError
    async with open_sqlite(path, CLOCK, ToldIds()):
        pass


# --- held, full, not ours ---


async def test_a_second_one_is_told_that_the_store_is_held(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()):
        with pytest.raises(StoreBusy) as caught:
            async with open_sqlite(path, CLOCK, ToldIds()):
                pass
        assert words(caught) == "error.store_busy"
        with pytest.raises(StoreBusy):
            await migrate(path)
    async with open_sqlite(path, CLOCK, ToldIds()):
        pass


async def test_a_full_disk_is_said_and_writing_goes_on_once_there_is_room(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await store.register.open("default", [draft("created")])
        await store.limit(1)
        big = draft("big", text="x" * 200_000)
        with pytest.raises(StoreFull) as caught:
            await store.timeline.write(incident, big)
        assert words(caught) == "error.store_full"
        with pytest.raises(StoreFull):
            await store.register.keep_raw("r", "generic", b"x" * 200_000)
        assert await store.timeline.find(incident, "big") is None
        assert "full" in await store.trouble()
        await store.limit(1_000_000)
        assert await store.trouble() == ""
        assert (await store.timeline.write(incident, big)).seq == 2
        assert (await store.register.place([sighting("fp")], decide))[0].what == "open"
        assert (await audit_verify(store.disk, incident, await store.disk.head(incident))).faults == ()


async def test_one_that_does_not_fit_spoils_nothing_for_those_beside_it(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await store.register.open("default", [draft("created")])
        await store.limit(60)

        async def too_big() -> None:
            with pytest.raises(StoreFull):
                await store.timeline.write(incident, draft("big", text="x" * 1_000_000))

        async with asyncio.TaskGroup() as group:
            small = [group.create_task(store.timeline.write(incident, draft(f"k{i}"))) for i in range(3)]
            group.create_task(too_big())
            late = group.create_task(store.timeline.write(incident, draft("late")))
        assert [task.result().seq for task in (*small, late)] == [2, 3, 4, 5]


@pytest.mark.parametrize("where", ["file/store.db", "folder"])
async def test_what_cannot_be_opened_is_said(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("not a folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(StoreFull) as caught:
        async with open_sqlite(tmp_path / where, CLOCK, ToldIds()):
            pass
    assert words(caught) == "error.store_unopenable"


def test_a_read_only_file_is_said(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE t (x)")
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db, pytest.raises(sqlite3.Error) as refused:
        db.execute("INSERT INTO t VALUES (1)")
    error = named(refused.value, path)
    assert isinstance(error, StoreFull)
    assert error.phrase.word == "error.store_readonly"


async def test_a_file_that_is_no_store_is_left_alone(path: Path) -> None:
    path.write_bytes(b"no database at all, " * 100)
    with pytest.raises(StoreError) as caught:
        async with open_sqlite(path, CLOCK, ToldIds()):
            pass
    assert words(caught) == "error.store_damaged"
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE somebody_elses (x)")
    before = path.read_bytes()
    for attempt in (open_sqlite(path, CLOCK, ToldIds()), open_beside(path, CLOCK, ToldIds())):
        with pytest.raises(StoreError) as caught:
            async with attempt:
                pass
        assert words(caught) == "error.store_damaged"
    assert path.read_bytes() == before


async def test_nobody_else_on_the_machine_may_read_a_store(path: Path, tmp_path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        await store.register.open("default", [draft("created")])
        await backup(path, tmp_path / "copy.db")
        kept = [file for file in tmp_path.iterdir() if not file.name.endswith(".lock")]
        assert {file.name for file in kept} >= {"store.db", "store.db-wal", "copy.db"}
        assert {file.stat().st_mode & 0o077 for file in kept} == {0}


async def test_a_newer_schema_is_said_and_left_alone(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()):
        pass
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {NEWEST + 1}")
    for attempt in (open_sqlite(path, CLOCK, ToldIds()), open_beside(path, CLOCK, ToldIds())):
        with pytest.raises(StoreError) as caught:
            async with attempt:
                pass
        assert words(caught) == "error.store_newer"
    with pytest.raises(StoreError):
        await migrate(path)


async def test_migrating_says_from_where_to_where(path: Path) -> None:
    assert await migrate(path) == (0, NEWEST)
    assert await migrate(path) == (NEWEST, NEWEST)


# --- looking, rebuilding, copying, tampering ---


async def test_one_may_look_while_another_holds_it(path: Path) -> None:
    with pytest.raises(StoreFull):
        async with open_beside(path, CLOCK, ToldIds()):
            pass
    async with open_sqlite(path, CLOCK, ToldIds()) as store, open_beside(path, CLOCK, ToldIds()) as looking:
        incident = await some_story(store)
        assert await looking.timeline.read(incident) == await store.timeline.read(incident)
        assert await looking.register.newest() == await store.register.newest()
        with pytest.raises(StoreError) as caught:
            await looking.timeline.write(incident, draft("k"))
        assert words(caught) == "error.store_closed"
        with pytest.raises(StoreError):
            await looking.register.place([sighting("new")], decide)


async def test_who_looks_may_sign_a_person_in(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        async with open_beside(path, CLOCK, ToldIds()) as looking:
            await looking.sessions.issue("digest", "ann", START + timedelta(hours=1), one_time=True)
        assert await store.sessions.redeem("digest") == "ann"
        assert await store.sessions.redeem("digest") is None


def anew(seen: Sighting, known: Known | None, group: Known | None) -> Placing:
    """Opens another incident, whatever is known."""
    return decide(seen, None, None)


def index(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        incidents = db.execute("SELECT * FROM incidents ORDER BY number").fetchall()
        return (
            incidents
            + db.execute("SELECT team, fingerprint, incident, last_status, last_starts_at FROM alerts").fetchall()
        )


async def test_the_index_is_rebuilt_from_the_timelines_alone(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        await some_story(store)
        (old,) = await store.register.place([sighting("old")], decide)
        await store.timeline.write(old.incident, draft("1/closed", "incident.closed", outcome="recovered"))
        await store.register.place([sighting("old", at=START + timedelta(hours=1))], anew)
    before = index(path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("DELETE FROM alerts")
        db.execute(
            "UPDATE incidents SET closed_at = 'x', episode = 9, team = 'x', group_key = 'x', head = '' WHERE number = 1"
        )
        db.execute("DELETE FROM incidents WHERE number > 2")
        db.execute("INSERT INTO incidents (id, number, team) VALUES ('inc_ghost', 999, 'default')")
        db.commit()
    assert index(path) != before
    async with open_sqlite(path, CLOCK, ToldIds(["inc_new"])) as store:
        assert await store.reindex() == len(await store.register.newest())
        assert index(path) == before
        assert (await store.register.place([sighting("new")], decide))[0].incident == "inc_new"
        assert (await store.register.place([sighting("old", at=START + timedelta(hours=1))], decide))[0].what == "join"


async def test_a_copy_made_at_work_is_a_store(path: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await some_story(store)
        async with asyncio.TaskGroup() as group:
            for i in range(50):
                group.create_task(store.timeline.write(incident, draft(f"during{i}")))
            group.create_task(backup(path, copy))
        await backup(path, copy)
        entries = await store.timeline.read(incident)
        with pytest.raises(StoreFull):
            await backup(path, tmp_path / "nowhere" / "copy.db")
    async with open_sqlite(copy, CLOCK, ToldIds()) as store:
        assert await store.timeline.read(incident) == entries
    with pytest.raises(StoreFull):
        await backup(tmp_path / "none.db", copy)


TAMPERING = {
    "UPDATE entries SET body = replace(body, 'payment', 'coupon') WHERE incident = ? AND seq = 2": [(2, "altered")],
    "UPDATE entries SET actor = 'ann' WHERE incident = ? AND seq = 4": [(4, "altered")],
    "DELETE FROM entries WHERE incident = ? AND seq = 3": [(3, "missing")],
    "DELETE FROM entries WHERE incident = ? AND seq = (SELECT max(seq) FROM entries)": [(8, "missing")],
    "UPDATE entries SET seq = 90 WHERE incident = ? AND seq = 2;"
    "UPDATE entries SET seq = 2 WHERE incident = ? AND seq = 3;"
    "UPDATE entries SET seq = 3 WHERE incident = ? AND seq = 90": [
        (2, "reordered"),
        (3, "reordered"),
    ],
}


@pytest.mark.parametrize("change", TAMPERING)
async def test_tampering_with_the_file_is_named(path: Path, change: str) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        incident = await some_story(store)
        length = len(await store.timeline.read(incident))
        assert length == 8
        with closing(sqlite3.connect(path)) as db:
            for statement in change.split(";"):
                db.execute(statement, (incident,))
            db.commit()
        audit = await audit_verify(store.disk, incident, await store.disk.head(incident))
    assert [(fault.seq, fault.what) for fault in audit.faults] == TAMPERING[change]


async def test_writes_are_durable_and_grouped(path: Path) -> None:
    async with open_sqlite(path, CLOCK, ToldIds()) as store:
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
            version = db.execute("PRAGMA data_version").fetchone()
            incident = await store.register.open("default", [draft("created")])
            async with asyncio.TaskGroup() as group:
                for i in range(40):
                    group.create_task(store.timeline.write(incident, draft(f"k{i}")))
            assert db.execute("PRAGMA data_version").fetchone() != version
            assert db.execute(queries("timeline")["head"], (incident,)).fetchone()[0] == 41


def test_drafts_of_the_tests_themselves_are_what_an_intake_writes() -> None:
    (entry,) = drafts(sighting("fp"))
    assert entry.key == f"alert:fp:{int(START.timestamp())}:firing"
