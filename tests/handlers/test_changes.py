"""Checks what can be posted as a change, whose it becomes, and what is said where it cannot be read."""

import json
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cards.words import Words
from engine.errors import UnreadableAlert
from engine.model import Change
from engine.team import Service
from handlers.changes import MOST, Taken, read
from tests.fakes.clock import START
from tests.handlers.house import SUPPLY, Scene

NOW = START


def one(item: Any) -> Change:
    (posted,), problems = read(json.dumps(item).encode(), NOW)
    assert not problems
    return posted.change


async def post(scene: Scene, body: Any, team: str = "") -> Taken:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return await scene.door.note_changes(raw, team)


async def kept(scene: Scene, team: str, service: str = "payment") -> list[str]:
    day = timedelta(days=1)
    found = await scene.store.changes.noted(team, service, NOW - day, NOW + day, 99)
    return [change.id for change in found]


def test_everything_a_change_may_say() -> None:
    change = one(
        {
            "service": " payment ",
            "kind": "Deployment",
            "version": "v2",
            "previous_version": 17,
            "by": "ci",
            "note": "with token=abcdef123456",
            "link": "https://ci/1",
            "at": "2026-03-01T11:00:00+02:00",
            "id": "run-7",
            "files": ["a.py"],
        }
    )
    assert change.model_dump(mode="json", exclude={"note"}, exclude_defaults=True) == {
        "id": "run-7",
        "service": "payment",
        "kind": "deploy",
        "at": "2026-03-01T09:00:00Z",
        "version": "v2",
        "previous_version": "17",
        "by": "ci",
        "link": "https://ci/1",
        "files": ["a.py"],
    }
    assert "abcdef" not in change.note


def test_a_service_alone_is_enough() -> None:
    change = one({"service": "payment"})
    assert (change.kind, change.at, change.version) == ("deploy", NOW, "")
    assert change.id.startswith("chg_")


@pytest.mark.parametrize(
    "kind, here",
    [
        ("", "deploy"),
        ("release", "deploy"),
        ("回滚", "rollback"),
        ("Feature Flag", "flag"),
        ("config", "config"),
        ("dns", "dns"),
    ],
)
def test_kinds_by_any_name(kind: str, here: str) -> None:
    assert one({"service": "payment", "kind": kind}).kind == here


@pytest.mark.parametrize(
    "at", [NOW.timestamp(), int(NOW.timestamp()) * 1_000, NOW.isoformat(), NOW.replace(tzinfo=None).isoformat()]
)
def test_times_as_systems_write_them(at: Any) -> None:
    assert one({"service": "payment", "at": at}).at == NOW.replace(microsecond=0)


def test_the_same_change_posted_twice_is_one_and_without_its_time_another() -> None:
    said = {"service": "payment", "version": "v2", "at": "2026-03-01T09:00:00Z"}
    assert one(said).id == one(said | {"note": "again"}).id
    assert one(said).id != one(said | {"version": "v3"}).id
    assert one(said).at.tzinfo == UTC


@pytest.mark.parametrize("link", ["javascript:alert(1)", "ftp://x", 3, ["https://x"]])
def test_a_link_that_is_none_is_left_out(link: Any) -> None:
    assert one({"service": "payment", "link": link}).link == ""


@pytest.mark.parametrize(
    "body, says",
    [
        (b"", "not JSON"),
        (b"[" * 100_000, "nested"),
        (b"3", "a number"),
        (b"{}", "service is missing"),
        (b'{"service": "x", "at": "soon"}', "at is no date"),
        (b'{"service": "x", "at": 1e400}', "at is no date"),
        (b'{"service": "x", "at": -1}', "at is no date"),
        (b'{"service": "x", "at": "2099-01-01T00:00:00Z"}', "in the future"),
        (b'{"service": ["x"]}', "service is a list"),
        (b'{"service": "x", "files": "a"}', "files is text"),
        (b'{"changes": {"service": "x"}}', "an object"),
        (b"[1, 2]", "2 changes"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_read_gets_one_clear_sentence(body: bytes, says: str, language: str) -> None:
    with pytest.raises(UnreadableAlert) as error:
        read(body, NOW)
    sentence = Words(language).say(error.value.phrase)
    assert "\n" not in sentence
    assert "[error" not in sentence
    if language == "en":
        assert says in sentence, sentence


def test_an_empty_list_is_read_and_holds_nothing() -> None:
    assert read(b"[]", NOW) == ([], [])


async def test_of_a_half_good_list_the_good_ones_are_kept_and_the_others_named() -> None:
    scene = Scene()
    taken = await post(
        scene, [{"service": "payment", "id": "a"}, {"kind": "deploy"}, 3, {"service": "payment", "id": "b"}]
    )
    assert taken.ids == ("a", "b")
    assert taken.problems == ("changes[1]: service is missing", "changes[2]: is a number, not an object")
    assert await kept(scene, "trade") == ["a", "b"]


async def test_more_than_one_call_may_hold_are_counted() -> None:
    taken = await post(Scene(), [{"service": "payment"}] * (MOST + 1))
    assert len(taken.ids) == MOST
    assert len(taken.problems) == 1


async def test_a_change_goes_to_the_team_of_its_token_labels_or_catalogue() -> None:
    scene = Scene()
    scene.teams.teams["supply"] = SUPPLY.model_copy(update={"services": {"stock": Service(name="stock")}})
    await post(scene, {"service": "payment", "id": "token"}, team="supply")
    await post(scene, {"service": "ledger", "id": "label", "team": "trade"})
    await post(scene, {"service": "stock", "id": "catalogue"})
    await post(scene, {"service": "nobodys", "id": "rest"})
    assert await kept(scene, "supply") == ["token"]
    assert await kept(scene, "trade", "ledger") == ["label"]
    assert await kept(scene, "supply", "stock") == ["catalogue"]
    assert await kept(scene, "default", "nobodys") == ["rest"]


async def test_a_service_is_kept_as_the_catalogue_spells_it() -> None:
    scene = Scene()
    await post(scene, {"service": "Payment-Service", "id": "a"})
    assert await kept(scene, "trade") == ["a"]


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=True) | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["service", "at", "kind", "x"]), inner),
    max_leaves=12,
)


@given(JSON)
def test_whatever_is_posted_is_read_or_refused(value: Any) -> None:
    try:
        posted, _ = read(json.dumps(value).encode(), NOW)
    except UnreadableAlert:
        return
    for each in posted:
        assert each.change.service
        assert len(each.change.kind) <= 40
