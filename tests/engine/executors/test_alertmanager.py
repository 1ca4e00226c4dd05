"""Proves that silences are set and ended as Alertmanager takes them, by captures of its answers and by the real one."""

import asyncio
import json
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.executors.alertmanager import MOST_SAID, AlertmanagerSilencer
from engine.ports import Matcher, Silencer
from tests.contracts.silencer import SilencerContract, hush
from tests.engine.sources.backends import serve, session
from tests.fakes.silencer import FakeSilencer

CAPTURES = Path(__file__).parent / "captures"
TOKEN = "s3cr3t-bearer-token"


def capture(name: str) -> dict[str, Any]:
    return json.loads((CAPTURES / f"api_v2_{name}.json").read_text(encoding="utf-8"))


def replay(name: str) -> web.Response:
    kept = capture(name)
    text = "" if kept["body"] == "" else json.dumps(kept["body"], ensure_ascii=False)
    return web.Response(status=kept["status"], text=text, content_type="application/json")


class Captured:
    """An Alertmanager that answers with captures; `bodies` keeps what was posted, `break_off` loses the next answer."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.ended = False
        self.break_off = False
        self.tokens: set[str] = set()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        self.tokens.add(request.headers.get("Authorization", ""))
        match request.method, request.path:
            case "POST", "/api/v2/silences":
                return await self._set(request)
            case "GET", "/api/v2/silences":
                return web.json_response([{"id": "kept-id", **body} for body in self.bodies])
            case "DELETE", "/api/v2/silence/c89e2b3b-5d3f-4476-a543-1d58c7eb4d35":
                self.ended = True
                return replay("silence_delete")
            case "GET", "/api/v2/silence/c89e2b3b-5d3f-4476-a543-1d58c7eb4d35":
                return (
                    replay("silence_after_delete") if self.ended else web.json_response(capture("silences")["body"][0])
                )
            case _:
                return replay("err_silence_404")

    async def _set(self, request: web.Request) -> web.StreamResponse:
        body = await request.json()
        assert set(body) == set(capture("silence_create")["request"]["json"])
        if not body["matchers"]:
            return replay("err_silence_invalid")
        if body["endsAt"] <= body["startsAt"]:
            return replay("err_silence_ends_in_past")
        assert set(body["matchers"][0]) == set(capture("silence_create")["request"]["json"]["matchers"][0])
        self.bodies.append(body)
        if self.break_off:
            assert request.transport is not None
            request.transport.close()
        return replay("silence_create")


class TestFake(SilencerContract):
    @asynccontextmanager
    async def silencer(self) -> AsyncIterator[Silencer]:
        yield FakeSilencer()


class TestCaptured(SilencerContract):
    @asynccontextmanager
    async def silencer(self) -> AsyncIterator[Silencer]:
        async with serve(Captured()) as url, session() as opened:
            yield AlertmanagerSilencer(url, session=opened, token=TOKEN)


@pytest.mark.real("alertmanager")
class TestReal(SilencerContract):
    @asynccontextmanager
    async def silencer(self) -> AsyncIterator[Silencer]:
        async with alertmanager() as url, session() as opened:
            yield AlertmanagerSilencer(url, session=opened)


async def test_what_is_asked_is_what_the_capture_asked() -> None:
    server = Captured()
    async with serve(server) as url, session() as opened:
        silencer = AlertmanagerSilencer(url, session=opened, token=TOKEN)
        wanted = hush(Matcher(name="service", value="pay.*", regex=True), Matcher(name="env", value="dev", equal=False))
        assert await silencer.silence(wanted) == capture("silence_create")["body"]["silenceID"]
    (body,) = server.bodies
    assert body["matchers"] == [
        {"name": "service", "value": "pay.*", "isRegex": True, "isEqual": True},
        {"name": "env", "value": "dev", "isRegex": False, "isEqual": False},
    ]
    assert (body["createdBy"], body["comment"]) == ("Alice", wanted.comment)
    assert body["endsAt"] == wanted.ends_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert server.tokens == {f"Bearer {TOKEN}"}


async def test_a_lost_answer_is_looked_up() -> None:
    server = Captured()
    server.break_off = True
    async with serve(server) as url, session() as opened:
        assert await AlertmanagerSilencer(url, session=opened).silence(hush()) == "kept-id"
    assert len(server.bodies) == 1


async def test_what_is_wrong_is_said_in_its_words() -> None:
    async with serve(Captured()) as url, session() as opened:
        with pytest.raises(ExecutorRefused) as refused:
            await AlertmanagerSilencer(url, session=opened).silence(hush(minutes=-5))
    assert "end time can't be in the past" in str(refused.value.phrase.values["detail"])


@pytest.mark.parametrize("status, error", [(500, ExecutorUnclear), (503, ExecutorUnclear), (401, ExecutorRefused)])
async def test_trouble_is_told_without_secrets(status: int, error: type[Exception]) -> None:
    async def trouble(request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=f"password=hunter2hunter2 {'x' * 900}")

    async with serve(trouble) as url, session() as opened:
        with pytest.raises(error) as raised:
            await AlertmanagerSilencer(url, session=opened, token=TOKEN).silence(hush())
    assert "hunter2" not in str(raised.value)
    assert TOKEN not in str(raised.value)
    assert len(str(raised.value)) < MOST_SAID + 100


async def test_nobody_there_means_nothing_was_done() -> None:
    async with session() as opened:
        with pytest.raises(ExecutorRefused):
            await AlertmanagerSilencer("http://127.0.0.1:1", session=opened).silence(hush())


async def test_a_link_shows_no_password() -> None:
    async with session() as opened:
        silencer = AlertmanagerSilencer("http://bot:hunter2@alerts:9093/am/", session=opened)
        assert silencer.link("a b") == "http://alerts:9093/am/#/silences/a%20b"


@asynccontextmanager
async def hanging(request_seen: asyncio.Event) -> AsyncIterator[str]:
    async def hang(request: web.Request) -> web.StreamResponse:
        request_seen.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with serve(hang) as url:
        yield url


async def test_a_hanging_server_is_not_waited_for() -> None:
    seen = asyncio.Event()
    async with hanging(seen) as url, session() as opened:
        with pytest.raises(ExecutorUnclear):
            await AlertmanagerSilencer(url, session=opened, patience=0.2).silence(hush())
    assert seen.is_set()


@pytest.mark.real("alertmanager")
async def test_the_real_one_keeps_reason_author_and_end_and_a_silenced_alert_is_suppressed() -> None:
    async with alertmanager() as url, session() as opened:
        silencer = AlertmanagerSilencer(url, session=opened)
        wanted = hush(Matcher(name="alertname", value="Errors"), Matcher(name="team", value="trade"))
        id = await silencer.silence(wanted)
        labels = {"alertname": "Errors", "team": "trade"}
        async with opened.post(f"{url}/api/v2/alerts", json=[{"labels": labels}]) as told:
            assert told.status == 200
        async with opened.get(f"{url}/api/v2/silence/{id}") as answer:
            kept = await answer.json()
        async with opened.get(f"{url}/api/v2/alerts") as answer:
            (alert,) = await answer.json()
    assert (kept["createdBy"], kept["comment"], kept["status"]["state"]) == ("Alice", wanted.comment, "active")
    assert kept["endsAt"] == wanted.ends_at.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    assert alert["status"]["state"] == "suppressed"
    assert alert["status"]["silencedBy"] == [id]


@asynccontextmanager
async def alertmanager() -> AsyncIterator[str]:
    """The address of a real Alertmanager."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    program = shutil.which("prometheus-alertmanager") or shutil.which("alertmanager")
    assert program is not None
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "am.yml"
        config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n", encoding="utf-8")
        address = f"--web.listen-address=127.0.0.1:{port}"
        quiet = asyncio.subprocess.DEVNULL
        process = await asyncio.create_subprocess_exec(
            program,
            f"--config.file={config}",
            f"--storage.path={folder}",
            address,
            "--cluster.listen-address=",
            stdout=quiet,
            stderr=quiet,
        )
        try:
            await _until_ready(f"http://127.0.0.1:{port}")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            await process.wait()


async def _until_ready(url: str) -> None:
    async with session() as opened, asyncio.timeout(20):
        while True:
            try:
                async with opened.get(f"{url}/-/ready") as answer:
                    if answer.status == 200:
                        return
            except OSError:
                pass
            await asyncio.sleep(0.1)
