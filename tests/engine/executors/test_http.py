"""Runs the HTTP executor against a small real target on loopback."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.executors.http import MAX_ANSWER, HttpExecutor
from engine.model import OperationClass
from engine.ports import Order
from tests.contracts.executor import AT, Bench, ExecutorContract, plan
from tests.fakes.executors import FakeTarget, Mood

TOKEN = "let-me-in"


class Platform:
    """A release platform over a FakeTarget, with switches for everything a platform does wrong."""

    def __init__(self) -> None:
        self.target = FakeTarget()
        self.mood = "well"
        self.lost = False
        self.running = False
        self.requests: list[tuple[str, str, dict]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[], web.Response] | None = None

    def application(self) -> web.Application:
        app = web.Application(middlewares=[self.guard])
        app.router.add_get("/state/{target}", self.state)
        app.router.add_post("/actions/execute", self.execute)
        app.router.add_get("/actions/{key}", self.look)
        app.router.add_post("/actions/{key}/refuse", self.refuse)
        return app

    @web.middleware
    async def guard(self, request, handler):
        body = await request.json() if request.can_read_body else {}
        self.requests.append((request.method, request.path, body))
        self.headers.append(dict(request.headers))
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "wrong token"}, status=401)
        if self.answer is not None:
            return self.answer()
        return await handler(request)

    async def state(self, request):
        name = request.match_info["target"]
        if name not in self.target.states:
            return web.json_response({"error": f"there is no {name}"}, status=404)
        return web.json_response(self.target.states[name] | {"resource_version": self.target.resource_version(name)})

    async def execute(self, request):
        body = await request.json()
        if body["audit_id"] != request.headers.get("X-Tocsin-Audit-Id"):
            return web.json_response({"error": "the audit ids differ"}, status=422)
        if body["target"] not in self.target.states:
            return web.json_response({"error": "no such target"}, status=422)
        wanted = plan(operation=body["action"], target=body["target"], arguments=body["args"])
        if body["dry_run"]:
            changes = self.target.changes(wanted)
            return web.json_response(
                {
                    "allowed": bool(changes),
                    "reason": "" if changes else "it is so already",
                    "command_preview": f"do {body['action']}",
                    "changes": changes,
                    "resource_version": self.target.resource_version(body["target"]),
                }
            )
        order = Order(
            incident=body["incident"],
            approval=body["approval_id"],
            audit=body["audit_id"],
            key=body["idempotency_key"],
            plan=wanted,
            resource_version=body["expected_resource_version"],
        )
        return await self.run(request, order)

    async def run(self, request, order):
        match self.mood:
            case "hang":
                await asyncio.Event().wait()
            case "refuse":
                return web.json_response({"allowed": False, "reason": "change freeze"})
            case "unclear":
                return web.json_response({"error": "I am broken"}, status=503)
            case _:
                pass
        try:
            receipt = self.target.apply(order)
        except ExecutorRefused as refusal:
            return web.json_response({"error": str(refusal)}, status=409)
        if self.mood == "unclear_done":
            request.transport.close()
        if self.mood == "garbage":
            return web.Response(text="<html>OK</html>", content_type="text/html")
        return web.json_response({"receipt": receipt.model_dump(mode="json"), "repeated": False})

    async def look(self, request):
        key = request.match_info["key"]
        if self.lost:
            return web.json_response({"error": "lost"}, status=500)
        if self.running:
            return web.json_response({"status": "running"})
        if key in self.target.receipts:
            receipt = self.target.receipts[key].model_dump(mode="json")
            return web.json_response({"status": "done", "receipt": receipt})
        if key in self.target.fenced:
            return web.json_response({"status": "refused"})
        return web.json_response({"status": "not_done"}, status=404)

    async def refuse(self, request):
        self.target.fenced.add(request.match_info["key"])
        return web.json_response({"was": "not_done", "done": False, "refused": True})


class HttpBench:
    def __init__(self, executor: HttpExecutor, platform: Platform) -> None:
        self.executor = executor
        self.platform = platform

    def touch(self) -> None:
        self.platform.target.touch("payment")

    def done(self) -> int:
        return len(self.platform.target.done)

    def misbehave(self, how: Mood) -> None:
        self.platform.mood = how

    def lose(self) -> None:
        self.platform.lost = True


@pytest.fixture
async def bench() -> AsyncIterator[HttpBench]:
    platform = Platform()
    # A real server would wait for the hanging call at its end; nobody does here.
    async with (
        TestServer(platform.application(), shutdown_timeout=0.1) as server,
        aiohttp.ClientSession() as session,
    ):
        operations: dict[str, OperationClass] = {"rollback_canary": "rollback", "set_value": "configure"}
        yield HttpBench(HttpExecutor(str(server.make_url("/")), TOKEN, session, operations, name="fake"), platform)


class TestHttpExecutor(ExecutorContract):
    @pytest.fixture
    async def bench(self, bench: HttpBench) -> AsyncIterator[Bench]:
        yield bench


ORDER = Order(
    incident="inc_1", approval="approval_1", audit="audit_1", key="inc_1.1.act/1", plan=plan(), resource_version="100"
)


async def test_says_exactly_what_the_protocol_says(bench: HttpBench) -> None:
    await bench.executor.run(ORDER)
    method, path, body = bench.platform.requests[-1]
    assert (method, path) == ("POST", "/actions/execute")
    assert body == {
        "audit_id": "audit_1",
        "action": "rollback_canary",
        "target": "payment",
        "args": {"version": "v1"},
        "dry_run": False,
        "idempotency_key": "inc_1.1.act/1",
        "expected_resource_version": "100",
        "incident": "inc_1",
        "approval_id": "approval_1",
    }
    assert bench.platform.headers[-1]["X-Tocsin-Audit-Id"] == "audit_1"


async def test_a_receipt_may_stand_bare(bench: HttpBench) -> None:
    receipt = {"id": "r1", "action": "rollback_canary", "target": "payment", "at": AT.isoformat()}
    bench.platform.answer = lambda: web.json_response(receipt)
    assert (await bench.executor.run(ORDER)).id == "r1"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
async def test_a_4xx_is_a_refusal_with_its_reason(bench: HttpBench, status: int) -> None:
    bench.platform.answer = lambda: web.json_response({"reason": "because"}, status=status)
    with pytest.raises(ExecutorRefused) as caught:
        await bench.executor.run(ORDER)
    assert caught.value.phrase.values["detail"] == "because"


@pytest.mark.parametrize(
    "status, text",
    [
        (500, "{}"),
        (502, "<html>"),
        (429, "{}"),
        (408, "{}"),
        (200, ""),
        (200, "OK"),
        (200, "[]"),
        (200, "{}"),
        (200, '{"receipt": "done"}'),
        (200, '{"receipt": {"id": "r1"}}'),
        (204, ""),
        (302, ""),
        (200, "x" * (MAX_ANSWER + 1)),
        (200, "[" * 200_000),
        (200, '{"id": "\ud83d"}'.encode("utf-8", "surrogatepass").decode("latin-1")),
    ],
)
async def test_everything_else_is_doubt(bench: HttpBench, status: int, text: str) -> None:
    bench.platform.answer = lambda: web.Response(
        status=status, text=text, headers={"Location": "/"} if status == 302 else None
    )
    with pytest.raises(ExecutorUnclear):
        await bench.executor.run(ORDER)


async def test_what_cannot_be_reached_was_never_asked(bench: HttpBench) -> None:
    async with aiohttp.ClientSession() as session:
        away = HttpExecutor("http://127.0.0.1:9", "", session, {})
        with pytest.raises(ExecutorRefused) as caught:
            await away.run(ORDER)
    assert caught.value.phrase.word == "executor.unreachable"


async def test_an_order_under_way_is_unknown_and_not_fenced(bench: HttpBench) -> None:
    bench.platform.running = True
    answer = await bench.executor.probe(ORDER)
    assert (answer.state, answer.fenced) == ("unknown", False)
    assert not bench.platform.target.fenced


async def test_a_target_that_cannot_fence_promises_nothing(bench: HttpBench) -> None:
    bench.platform.answer = lambda: web.json_response({"status": "not_done"}, status=404)
    answer = await bench.executor.probe(ORDER)
    assert (answer.state, answer.fenced) == ("not_done", False)


async def test_the_token_is_never_in_what_people_read(bench: HttpBench) -> None:
    bench.platform.answer = lambda: web.Response(status=500, text=json.dumps({"error": TOKEN}))
    with pytest.raises(ExecutorUnclear) as caught:
        await bench.executor.run(ORDER)
    assert TOKEN not in str(caught.value.phrase)


async def test_a_state_without_a_version_is_no_checkpoint(bench: HttpBench) -> None:
    bench.platform.answer = lambda: web.json_response({"version": "v2"})
    with pytest.raises(ExecutorUnclear):
        await bench.executor.checkpoint("payment", "checkpoint_1", AT)
