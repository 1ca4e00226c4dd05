"""Checks who gets in: sessions, links, tokens of forms, hosts, teams, and what hostile text may do."""

import re
from datetime import timedelta

import pytest

from cards.model import Card, Fold, Log, Prose
from engine.errors import StoreFull
from engine.model import Phrase
from handlers.inbound import ButtonPressed, MessageSaid
from tests.bot.pages.stage import ROOM, hidden, open_stage
from tests.cards.factory import INCIDENT

HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)>"><b>'


async def test_a_stranger_sees_nothing_and_is_told_how_to_get_in() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        for path in ("/", f"/rooms/{ROOM}", stage.thread_path, f"/incidents/{INCIDENT}"):
            answer = await stage.client.get(path)
            text = await answer.text()
            assert str(answer.url.path) == "/sign-in", path
            assert "tocsin sign-in" in text
            assert "支付" not in text
        stream = await stage.client.get(f"/rooms/{ROOM}/stream", headers={"Accept": "application/json"})
        assert stream.status == 401


async def test_every_page_is_sealed() -> None:
    async with open_stage(personas=True) as stage:
        await stage.tell("approval.requested")
        for path in ("/", f"/rooms/{ROOM}", stage.thread_path, f"/incidents/{INCIDENT}", "/sign-in", "/rooms/none"):
            answer = await stage.client.get(path)
            text = await answer.text()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Referrer-Policy"] == "same-origin"
            assert not re.search(r"<[^>]+\sstyle=|<style|<script(?![^>]*\ssrc=)|<[^>]+\son\w+=", text), path


async def test_a_link_signs_in_once() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        link = await stage.link("lin")
        form = await stage.form(link, "/sign-in")
        await stage.client.get(link)  # a preview of the link does not use it up
        first = await stage.send("/sign-in", form)
        assert first.status == 303
        cookie = first.headers.getall("Set-Cookie")[0]
        assert "HttpOnly" in cookie
        assert "SameSite=Lax" in cookie
        assert "林晓" in await (await stage.client.get("/")).text()
        stage.client.session.cookie_jar.clear()
        second = await stage.send("/sign-in", await stage.form(link, "/sign-in"))
        assert second.status == 403
        assert "已经用过" in await second.text() or "used already" in await second.text()


async def test_a_link_expires_and_so_does_a_session() -> None:
    async with open_stage() as stage:
        link = await stage.link("lin")
        await stage.clock.advance(timedelta(minutes=16).total_seconds())
        late = await stage.send("/sign-in", await stage.form(link, "/sign-in"))
        assert late.status == 403
        await stage.sign_in("lin")
        assert (await stage.client.get("/", allow_redirects=False)).status == 200
        await stage.clock.advance(timedelta(days=8).total_seconds())
        assert (await stage.client.get("/", allow_redirects=False)).status == 303


async def test_no_token_stands_in_the_store() -> None:
    async with open_stage() as stage:
        link = await stage.link("lin")
        await stage.sign_in("lin")
        kept = stage.store.sessions.tokens  # type: ignore[attr-defined]
        tokens = {link.partition("token=")[2]} | {
            cookie.value for cookie in stage.client.session.cookie_jar if cookie.key == "tocsin_session"
        }
        assert len(tokens) == 2
        assert not tokens & set(kept)


@pytest.mark.parametrize("token", [None, "", "0" * 64, "中文"])
async def test_a_form_without_our_token_does_nothing(token: str | None) -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act")
        for path in ("/act", "/send", "/say", "/sign-out", "/language", "/sign-in"):
            data = {name: value for name, value in form.items() if name != "csrf"} | {"text": "hello"}
            answer = await stage.send(path, data if token is None else data | {"csrf": token})
            assert answer.status == 403, path
        assert stage.inbox.events == []
        assert (await stage.client.get("/", allow_redirects=False)).status == 200


async def test_the_token_of_another_session_does_not_count() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act")
        await stage.sign_in("zhao")
        assert (await stage.send("/act", form)).status == 403
        assert stage.inbox.events == []


async def test_a_form_from_another_site_is_refused() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act")
        for origin in ("https://evil.example", "null", "http://127.0.0.1:1"):
            assert (await stage.send("/act", form, Origin=origin)).status == 403
        assert (await stage.send("/act", form, Origin=stage.url)).status == 303


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "tocsin.example:99999", ""])
async def test_another_host_is_not_ours(host: str) -> None:
    async with open_stage(personas=True) as stage:
        answer = await stage.client.get("/", headers={"Host": host})
        assert answer.status == 421
        assert "http.public_url" in await answer.text()


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost", "[::1]:8321"])
async def test_this_machine_may_be_called_by_its_own_names(host: str) -> None:
    async with open_stage(personas=True) as stage:
        assert (await stage.client.get("/", headers={"Host": host})).status == 200


async def test_a_team_is_a_wall() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        await stage.sign_in("tom")
        for path in (f"/rooms/{ROOM}", stage.thread_path, f"/incidents/{INCIDENT}", f"/rooms/{ROOM}/stream"):
            answer = await stage.client.get(path)
            assert answer.status == 404, path
            assert "支付" not in await answer.text()
        assert INCIDENT not in await (await stage.client.get("/")).text()
        form = await stage.form("/rooms/trade", "/say")
        stolen = form | {"room": ROOM, "thread": stage.thread, "text": "hello"}
        assert (await stage.send("/say", stolen)).status == 404
        assert (await stage.send("/say", form | {"thread": stage.thread, "text": "hello"})).status == 404
        assert stage.inbox.events == []


async def test_personas_are_for_the_demo_alone() -> None:
    async with open_stage() as stage:
        form = await stage.form(await stage.link("lin"), "/sign-in")
        data = {"csrf": form["csrf"], "persona": "zhao"}
        assert (await stage.send("/sign-in", data)).status == 403
    async with open_stage(personas=True) as stage:
        form = await stage.form("/sign-in", "/sign-in", "赵敏")
        assert (await stage.send("/sign-in", form, **{"X-Forwarded-For": "10.0.0.9"})).status == 403
        assert (await stage.send("/sign-in", form | {"persona": "nobody"})).status == 400
        assert (await stage.send("/sign-in", form)).status == 303


async def test_signing_out_ends_the_session_everywhere() -> None:
    async with open_stage() as stage:
        await stage.sign_in("lin")
        kept = {c.key: c.value for c in stage.client.session.cookie_jar}["tocsin_session"]
        form = await stage.form("/", "/sign-out")
        assert (await stage.send("/sign-out", form)).status == 303
        stage.client.session.cookie_jar.clear()
        answer = await stage.client.get("/", headers={"Cookie": f"tocsin_session={kept}"}, allow_redirects=False)
        assert answer.status == 303


@pytest.mark.parametrize(
    "back", ["//evil.example", "https://evil.example", "/\\evil.example", "/a\r\nX: y", "javascript:1"]
)
async def test_nobody_is_sent_elsewhere(back: str) -> None:
    async with open_stage(personas=True) as stage:
        form = await stage.form("/", "/language")
        answer = await stage.send("/language", form | {"back": back})
        assert answer.headers["Location"] == "/"


async def test_hostile_text_stays_text() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        blocks = (Prose(HOSTILE), Log((HOSTILE,)), Fold(HOSTILE, (Prose(HOSTILE),)))
        await stage.post(Card(title=HOSTILE, summary=HOSTILE, blocks=blocks, language="zh"), "say:x")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/say")
        await stage.send("/say", form | {"text": HOSTILE})
        text = await (await stage.client.get(stage.thread_path)).text()
        assert "alert(1)" in text
        assert "<script>alert" not in text
        assert "<img src=x" not in text


async def test_too_much_is_refused_with_a_sentence() -> None:
    async with open_stage() as stage:
        await stage.tell("incident.created")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/say")
        long = await stage.send("/say", form | {"text": "x" * 4_001})
        assert long.status == 400
        assert "4000" in await long.text()
        huge = await stage.send("/say", form | {"text": "x" * 300_000})
        assert huge.status == 413
        assert "256 KB" in await huge.text()
        assert stage.inbox.events == []


@pytest.mark.parametrize(
    "path", ["/rooms/none", "/rooms/payments/threads/99", "/rooms/payments/threads/x", "/incidents/inc_0"]
)
async def test_what_is_not_there_is_said_to_be_missing(path: str) -> None:
    async with open_stage(personas=True) as stage:
        answer = await stage.client.get(path)
        assert answer.status == 404
        assert "<h1>" in await answer.text()
        told = await stage.client.get(path, headers={"Accept": "application/json"})
        assert (await told.json())["text"]


async def test_a_full_disk_is_said_and_nothing_is_lost_silently() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act")
        stage.inbox.failure = StoreFull(Phrase(word="error.store_full", values={"path": "tocsin.sqlite"}))
        answer = await stage.send("/act", form, Accept="application/json")
        assert answer.status == 503
        told = await answer.json()
        assert told["tone"] == "refused"
        assert "tocsin.sqlite" in told["text"]


async def test_a_reader_presses_nothing() -> None:
    async with open_stage(personas=True) as stage:
        await stage.tell("alert.normalized")
        text = await (await stage.client.get(stage.thread_path)).text()
        form = hidden(text, "/act")
        assert re.search(r"<button[^>]*disabled", text)
        assert (await stage.send("/act", form)).status == 401
        assert stage.inbox.events == []


async def test_what_a_form_says_about_its_incident_does_not_move_it() -> None:
    """The thread decides which incident words belong to, whatever the sender claims."""
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/say")
        await stage.send("/say", form | {"text": "hello", "value.incident": "inc_other"})
        (event,) = stage.inbox.events
        assert isinstance(event, MessageSaid)
        assert event.at.incident == INCIDENT
        assert not isinstance(event, ButtonPressed)
