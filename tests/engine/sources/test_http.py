"""Proves that talking to a backend is bounded in time and size, stays at one origin, and never tells the token."""

import asyncio
import gzip
from typing import Any

import pytest
from aiohttp import web
from pydantic import TypeAdapter

from engine.errors import SourceSilent
from engine.sources.http import MOST_BYTES, Backend, harvest
from tests.contracts.source import TOKEN, check_safe
from tests.engine.sources.backends import Handler, serve, session

ANY = TypeAdapter(dict[str, str])


async def asked(handler: Handler, path: str = "/", **options: Any) -> dict[str, str]:
    async with serve(handler) as url, session() as opened:
        backend = Backend("metrics", url, opened, token=TOKEN, **options)
        return backend.read(await backend.get(path), ANY)


async def silence(handler: Handler, **options: Any) -> str:
    """The word of the silence this backend ends in; safe to show, always."""
    with pytest.raises(SourceSilent) as silent:
        await asked(handler, **options)
    check_safe(silent.value.phrase)
    assert TOKEN not in str(silent.value)
    return silent.value.phrase.word.removeprefix("evidence.silent.")


async def test_token_and_tenant_go_into_headers() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({name: request.headers[name] for name in ("Authorization", "X-Scope-OrgID")})

    async with serve(answer) as url, session() as opened:
        backend = Backend("metrics", url, opened, token=TOKEN, tenant="blue")
        said = backend.read(await backend.get("/"), ANY)
    assert said == {"Authorization": f"Bearer {TOKEN}", "X-Scope-OrgID": "blue"}


@pytest.mark.parametrize(
    "status, word",
    [(401, "refused"), (403, "refused"), (429, "busy"), (500, "failed"), (404, "failed"), (422, "failed")],
)
async def test_a_status_has_its_word(status: int, word: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status, text=f"your header was {request.headers['Authorization']}")

    assert await silence(answer) == word


@pytest.mark.parametrize("body", [b"", b"<html>", b"{", b"[]", b'{"a": 1}', b"\xff\xfe", b"[" * 100_000, b"null"])
async def test_garbage_is_unreadable(body: bytes) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=body)

    assert await silence(answer) == "unreadable"


async def test_more_than_anybody_reads_is_cut() -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        while sent < MOST_BYTES * 20:
            await response.write(b"x" * 65_536)
            sent += 65_536
        return response

    assert await silence(answer) == "too_large"
    assert sent < MOST_BYTES * 4


async def test_a_bomb_is_measured_after_unpacking() -> None:
    packed = gzip.compress(b" " * (MOST_BYTES * 3))

    async def answer(request: web.Request) -> web.Response:
        return web.Response(body=packed, headers={"Content-Encoding": "gzip"})

    assert await silence(answer) == "too_large"


async def test_a_drip_is_cut_by_time() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"{")
        await asyncio.Event().wait()
        return response

    assert await silence(answer, patience=0.2) == "timeout"


async def test_another_origin_never_sees_the_token() -> None:
    seen: list[str] = []

    async def elsewhere(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response({})

    async with serve(elsewhere) as target:

        async def answer(request: web.Request) -> web.Response:
            return web.Response(status=302, headers={"Location": f"{target}/steal"})

        assert await silence(answer) == "moved"
    assert not seen


async def test_the_same_origin_is_followed_a_few_times() -> None:
    async def answer(request: web.Request) -> web.Response:
        if request.path == "/prefix/":
            return web.json_response({"at": request.path})
        return web.Response(status=307, headers={"Location": "/prefix/"})

    assert await asked(answer) == {"at": "/prefix/"}

    async def circle(request: web.Request) -> web.Response:
        return web.Response(status=307, headers={"Location": request.path})

    assert await silence(circle) == "moved"


@pytest.mark.parametrize("location", ["", "http://", "http://[", "//"])
async def test_a_redirect_to_nowhere_is_silence(location: str) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": location})

    assert await silence(answer) in ("unreadable", "moved")


async def test_nobody_there() -> None:
    async with session() as opened:
        backend = Backend("metrics", "http://user:hunter2@127.0.0.1:1", opened, token=TOKEN)
        with pytest.raises(SourceSilent) as silent:
            await backend.get("/")
        assert silent.value.phrase.word == "evidence.silent.unreachable"
        assert silent.value.phrase.values["host"] == "127.0.0.1:1"
        assert "hunter2" not in str(silent.value)
        assert "hunter2" not in backend.link("/graph", [("g0.expr", "up")])


async def test_the_path_of_the_address_is_kept() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"path": request.path_qs})

    async with serve(answer) as url, session() as opened:
        backend = Backend("metrics", f"{url}/select/0/", opened)
        said = backend.read(await backend.get("/api/v1/query", [("query", 'a{b="c d&e"}')]), ANY)
    assert said["path"].startswith("/select/0/api/v1/query?query=a")
    assert "%26e" in said["path"]


async def test_harvest_keeps_what_came_in_time_in_order() -> None:
    async def never() -> int:
        await asyncio.Event().wait()
        return 0

    async def one() -> int:
        return 1

    async def silent() -> int:
        raise SourceSilent("no")

    first, second, third = await harvest([never, one, silent], 0.05)
    assert first is None
    assert second == 1
    assert isinstance(third, SourceSilent)
