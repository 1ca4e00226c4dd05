"""Knocks at every door of the process as no client of ours would: over raw sockets, on loopback."""

import asyncio
import random
import re
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestServer

from bot import web as door
from tests.stories.stage import open_story, webhook


class Knocking:
    """A server one can send raw bytes to."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def __call__(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, str]:
        """Status and text of the answer; header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        named = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body))} | named | {"Connection": "close"}
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in named.items())
        async with asyncio.timeout(10):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(head.encode("latin-1") + b"\r\n" + body)
            answer = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
            length = re.search(r"content-length: (\d+)", answer, re.IGNORECASE)
            text = (await reader.readexactly(int(length[1]))).decode("utf-8", "replace") if length else ""
            writer.close()
        return int(answer.split(" ")[1]), text


@asynccontextmanager
async def doors(folder: Path, patience: float = 30.0, **settings: Any) -> AsyncIterator[Knocking]:
    async with open_story(folder, **settings) as story:
        story.house.app[door.PATIENCE] = patience
        server = TestServer(story.house.app, host="127.0.0.1")
        await server.start_server()
        try:
            yield Knocking(server.port or 0)
        finally:
            await server.close()


ALERT = webhook({"status": "firing", "labels": {"alertname": "A"}, "startsAt": "2026-03-01T10:00:00Z"})

FOREIGN = {
    "a page of another site": {"Origin": "http://evil.example"},
    "a page that hides its site": {"Origin": "null"},
    "a page of another port": {"Origin": "http://127.0.0.1:9"},
    "a browser, for another site": {"Sec_Fetch_Site": "cross-site"},
    "a browser, for a neighbour site": {"Sec_Fetch_Site": "same-site"},
    "a rebound name": {"Host": "evil.example"},
    "a name that cannot be read": {"Host": "["},
    "a proxy": {"X_Forwarded_For": "203.0.113.7"},
    "a quiet proxy": {"Via": "1.1 proxy"},
    "a proxy by another name": {"X_Real_IP": "203.0.113.7"},
}


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
async def test_without_a_token_only_programs_on_this_machine_are_neighbours(tmp_path: Path, headers: dict[str, str]):
    async with doors(tmp_path) as knock:
        assert (await knock("POST", "/alerts/alertmanager", ALERT))[0] == 202
        assert (await knock("POST", "/alerts/alertmanager", ALERT, **headers))[0] == 401
        assert (await knock("POST", "/api/incidents", b'{"summary": "x"}', **headers))[0] == 401
        assert (await knock("GET", "/api/incidents", b"", **headers))[0] == 401


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:80", "127.0.0.9", "[::1]:8321", "tocsin.localhost"])
async def test_every_name_of_this_machine_is_its_name(tmp_path: Path, host: str):
    async with doors(tmp_path) as knock:
        assert (await knock("GET", "/api/incidents", Host=host))[0] == 200


@pytest.mark.parametrize("token", ["", "wrong", "right ", "RIGHT", "\xff\xfe", "é" * 2000])
async def test_a_wrong_token_is_a_wrong_token_whatever_its_bytes(tmp_path: Path, token: str):
    async with doors(tmp_path, intake={"token": "right"}, api={"token": "right"}) as knock:
        for headers in ({"Authorization": f"Bearer {token}"}, {"X_Tocsin_Token": token}):
            expected = 200 if token.strip() == "right" else 401
            status, text = await knock("GET", "/api/incidents", b"", **headers)
            assert status == expected
            assert "right" not in text.replace('"incidents"', "") or expected == 200
            assert (await knock("POST", "/alerts/alertmanager", ALERT, **headers))[0] in (expected, 202)


async def test_changes_come_in_by_the_same_doors_as_alerts(tmp_path: Path):
    change = b'{"service": "payment", "version": "v2"}'
    async with doors(tmp_path, intake={"token": "right"}, api={"token": "other"}) as knock:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer other"}):
            assert (await knock("POST", "/changes", change, **headers))[0] == 401
        status, text = await knock("POST", "/changes", change, Authorization="Bearer right")
        assert (status, '"accepted": 1' in text) == (202, True)
        assert (await knock("POST", "/changes", b"{}", Authorization="Bearer right"))[0] == 400
    async with doors(tmp_path) as knock:
        assert (await knock("POST", "/changes", change))[0] == 202
        assert (await knock("POST", "/changes", change, Via="1.1 proxy"))[0] == 401


async def test_the_context_of_an_incident_is_for_readers(tmp_path: Path):
    async with doors(tmp_path, api={"token": "write", "read_token": "read"}) as knock:
        _, opened = await knock(
            "POST", "/api/incidents", b'{"summary": "x", "service": "pay"}', Authorization="Bearer write"
        )
        incident = opened.partition("inc_")[2][:8]
        path = f"/api/incidents/inc_{incident}/context"
        assert (await knock("GET", path))[0] == 401
        status, text = await knock("GET", path, Authorization="Bearer read")
        assert (status, '"service": "pay"' in text) == (200, True)
        assert (await knock("GET", "/api/incidents/inc_00000000/context", Authorization="Bearer read"))[0] == 404


async def test_who_may_read_may_not_open(tmp_path: Path):
    async with doors(tmp_path, api={"token": "write", "read_token": "read"}) as knock:
        reads = {"Authorization": "Bearer read"}
        assert (await knock("GET", "/api/incidents", b"", **reads))[0] == 200
        assert (await knock("POST", "/api/incidents", b'{"summary": "x"}', **reads))[0] == 401
    async with doors(tmp_path, api={"read_token": "read"}) as knock:
        assert (await knock("POST", "/api/incidents", b'{"summary": "x"}', Authorization="Bearer read"))[0] != 500


BROKEN: dict[str, tuple[str, bytes, dict[str, str], int]] = {
    "nested beyond reason": ("/api/incidents", b"[" * 100_000, {}, 400),
    "nested objects": ("/api/incidents", b'{"a":' * 50_000, {}, 400),
    "an encoding that is none": (
        "/api/incidents",
        b'{"summary": "x"}',
        {"Content_Type": "application/json; charset=rot13"},
        201,
    ),
    "bytes that are no text": ("/api/incidents", b'{"summary": "\xff"}', {}, 400),
    "half a character": ("/api/incidents", b'{"summary": "\\ud800"}', {}, 201),
    "packed otherwise than it says": ("/api/incidents", b'{"summary": "x"}', {"Content_Encoding": "deflate"}, 400),
    "a bomb": ("/alerts/generic", zlib.compress(b" " * 50_000_000), {"Content_Encoding": "deflate"}, 413),
    "alerts nested beyond reason": ("/alerts/generic", b"[" * 100_000, {}, 400),
    "a form without a boundary": ("/sign-in", b"x", {"Content_Type": "multipart/form-data"}, 400),
    "a form that does not begin": ("/sign-in", b"x", {"Content_Type": "multipart/form-data; boundary=b"}, 400),
    "a form that breaks off": ("/sign-in", b"--b\r\nx", {"Content_Type": "multipart/form-data; boundary=b"}, 400),
    "a form in no encoding": (
        "/sign-in",
        b"csrf=x",
        {"Content_Type": "application/x-www-form-urlencoded; charset=hex"},
        400,
    ),
    "a form of a site that cannot be read": ("/sign-in", b"csrf=x", {"Origin": "http://["}, 403),
    "a form under a name that cannot be read": ("/sign-in", b"csrf=x", {"Host": "["}, 421),
    "a name that is no text": ("/sign-in", b"csrf=x", {"Host": "\xff"}, 421),
}


@pytest.mark.parametrize("path, body, headers, status", BROKEN.values(), ids=BROKEN)
async def test_what_cannot_be_read_is_answered_with_one_sentence(
    tmp_path: Path, path: str, body: bytes, headers: dict[str, str], status: int
):
    async with doors(tmp_path) as knock:
        found, text = await knock("POST", path, body, **headers)
        assert found == status, text
        assert "Traceback" not in text
        assert "site-packages" not in text


async def test_a_body_that_never_ends_is_not_waited_for(tmp_path: Path):
    async with doors(tmp_path, patience=0.05) as knock:
        assert (await knock("POST", "/alerts/alertmanager", b"{", Content_Length="100"))[0] == 408
        assert (await knock("POST", "/api/incidents", b"{", Content_Length="100"))[0] == 408


PATHS = (
    *("/", "/rooms/x", "/rooms/trade/stream?after=99999999999999999999", "/rooms/x/threads/%d9%a1", "/metrics"),
    *("/incidents/%00", "/incidents/%ff", "/api/incidents/%ff%00/timeline", "/api/incidents?team=%ff", "/readyz"),
    *("/sign-in?token=%ff&next=//evil", "/static/../settings.py", "/static/%2e%2e%2fsettings.py", "/alerts/%2e%2e"),
    *("/act", "/send", "/say", "/language", "/sign-out", "/alerts/generic", "/alerts/alertmanager", "/api/incidents"),
)
VALUES = (
    *("", "[", "\xff", "evil.example", "http://[", "null", "127.0.0.1:x", "Bearer \xff", "text/plain; charset=foo"),
    *("multipart/form-data; boundary=", "application/x-www-form-urlencoded; charset=utf-16", "gzip", "br", "-1"),
    *("tocsin_session=\xff; tocsin_visit=\x7f", 'tocsin_session="\\377"; tocsin_language=xx', "a" * 5_000),
)
NAMES = (
    *("Host", "Origin", "Content_Type", "Authorization", "X_Tocsin_Token", "Cookie", "Accept", "Accept_Language"),
    *("Content_Encoding", "X_Forwarded_For", "Last_Event_ID", "Sec_Fetch_Site", "Range", "Upgrade"),
)
BODIES = (
    b"",
    b"{}",
    b"csrf=x&text=%ff",
    b"--x\r\nbroken",
    b"&" * 3_000,
    b"\xff\x00",
    b'{"alerts": [{"labels": 1}]}',
    ALERT,
)


@pytest.mark.parametrize("seed", range(4))
async def test_no_door_falls_off_its_hinges(tmp_path: Path, seed: int):
    chance = random.Random(seed)
    async with doors(tmp_path) as knock:
        for _ in range(150):
            headers = {chance.choice(NAMES): chance.choice(VALUES) for _ in range(chance.randint(0, 2))}
            method, path, body = chance.choice(("GET", "POST", "PUT")), chance.choice(PATHS), chance.choice(BODIES)
            status, text = await knock(method, path, body, **headers)
            assert status < 500, (method, path, body, headers)
            assert "Traceback" not in text
