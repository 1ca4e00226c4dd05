"""Changes the world through any release platform that speaks Tocsin's small HTTP protocol."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

import aiohttp
from pydantic import ValidationError

from engine.errors import ExecutorRefused, ExecutorUnclear
from engine.model import Checkpoint, DryRun, OperationClass, Phrase, Plan, Receipt
from engine.ports import Order, Probe

RESTORE = "restore_state"
MAX_ANSWER = 1_000_000
MAX_SAID = 300

Answer = dict[str, Any]
Shape = TypeVar("Shape", Receipt, DryRun)


class HttpExecutor:
    """Speaks `GET /state/{target}`, `POST /actions/execute`, `GET /actions/{key}` and `POST /actions/{key}/refuse`.

    What the target surely did not do is ExecutorRefused (a 4xx, `allowed: false`, no connection at all); whatever
    leaves a doubt (a 5xx, a timeout, a broken connection, an answer nobody can read) is ExecutorUnclear.
    """

    def __init__(
        self,
        base_url: str,
        token: str,
        session: aiohttp.ClientSession,
        operations: Mapping[str, OperationClass],
        name: str = "releases",
    ) -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._session = session
        self._name = name
        self._operations: dict[str, OperationClass] = {**operations, RESTORE: "restore"}

    @property
    def name(self) -> str:
        """The name remedies of the catalogue call this executor by."""
        return self._name

    @property
    def operations(self) -> Mapping[str, OperationClass]:
        """The operations of the platform, and bringing a former state back."""
        return self._operations

    async def checkpoint(self, target: str, id: str, at: datetime) -> Checkpoint:
        """The state of the target as the platform tells it now."""
        state = await self._call("GET", f"/state/{quote(target, safe='')}")
        version = state.get("resource_version")
        if not isinstance(version, str | int) or version == "":
            raise self._garbage("it names no resource_version")
        return Checkpoint(id=id, target=target, state=state, resource_version=str(version), at=at)

    async def dry_run(self, plan: Plan) -> DryRun:
        """What the platform says it would do."""
        order = Order(incident="", approval="", audit=f"dry_run_{plan.id}", key="", plan=plan, resource_version="")
        return self._read(DryRun, await self._execute(order, dry_run=True))

    async def run(self, order: Order) -> Receipt:
        """Have it done; the platform refuses a repeated key and a resource version that is no longer true."""
        answer = await self._execute(order, dry_run=False)
        if answer.get("allowed") is False:
            raise self._refused(str(answer.get("reason", "")))
        return self._receipt(answer)

    async def probe(self, order: Order) -> Probe:
        """Ask what became of an order; where nothing did, have its late call refused for ever."""
        path = f"/actions/{quote(order.key, safe='')}"
        answer = await self._call("GET", path, missing={"status": "not_done"})
        if "receipt" in answer or "id" in answer:
            return Probe(state="done", receipt=self._receipt(answer))
        if answer.get("status") not in ("not_done", "refused"):
            return Probe(state="unknown")
        return self._fenced(await self._call("POST", f"{path}/refuse", missing={}))

    def undo(self, plan: Plan, checkpoint: Checkpoint) -> Plan | None:
        """The plan that brings the checkpoint back; a restoration is not undone by another."""
        if plan.operation == RESTORE:
            return None
        return Plan(
            id=f"{plan.id}_undo",
            operation=RESTORE,
            operation_class="restore",
            executor=self._name,
            target=checkpoint.target,
            arguments={"state": checkpoint.state},
            reason=Phrase(word="plan.undo_reason", values={"operation": plan.operation, "checkpoint": checkpoint.id}),
            evidence_ids=plan.evidence_ids,
        )

    def _fenced(self, answer: Answer) -> Probe:
        if answer.get("done") is True:
            return Probe(state="done", receipt=self._receipt(answer))
        if answer.get("was") == "running":
            return Probe(state="unknown")
        return Probe(state="not_done", fenced=answer.get("refused") is True)

    async def _execute(self, order: Order, *, dry_run: bool) -> Answer:
        body = {
            "audit_id": order.audit,
            "action": order.plan.operation,
            "target": order.plan.target,
            "args": order.plan.arguments,
            "dry_run": dry_run,
            "idempotency_key": order.key,
            "expected_resource_version": order.resource_version,
            "incident": order.incident,
            "approval_id": order.approval,
        }
        return await self._call("POST", "/actions/execute", body, audit=order.audit)

    async def _call(
        self, method: str, path: str, body: Answer | None = None, audit: str = "", missing: Answer | None = None
    ) -> Answer:
        """One call. `missing` is what a 404 means; without it a 404 is a refusal like any other 4xx."""
        headers = self._headers | ({"X-Tocsin-Audit-Id": audit} if audit else {})
        try:
            async with self._session.request(
                method, self._base + path, json=body, headers=headers, allow_redirects=False
            ) as response:
                return self._judged(response.status, await self._text(response), missing)
        except aiohttp.ClientConnectorError as failure:
            raise ExecutorRefused(self._phrase("executor.unreachable", "")) from failure
        except (aiohttp.ClientError, TimeoutError, asyncio.IncompleteReadError) as failure:
            raise ExecutorUnclear(self._phrase("executor.broken_off", type(failure).__name__)) from failure

    async def _text(self, response: aiohttp.ClientResponse) -> str:
        content = b""
        async for part in response.content.iter_chunked(65_536):
            content += part
            if len(content) > MAX_ANSWER:
                raise self._garbage("the answer is too large")
        return content.decode("utf-8", "replace")

    def _judged(self, status: int, text: str, missing: Answer | None) -> Answer:
        if status == 404 and missing is not None:
            return missing
        if status >= 500 or status in (408, 425, 429):
            raise ExecutorUnclear(self._phrase("executor.failed", str(status)))
        if 400 <= status < 500:
            raise self._refused(self._reason(text) or str(status))
        answer = self._parsed(text) if status == 200 else None
        if answer is None:
            raise self._garbage(f"status {status} without a JSON object")
        return answer

    def _parsed(self, text: str) -> Answer | None:
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            return None
        return answer if isinstance(answer, dict) else None

    def _reason(self, text: str) -> str:
        answer = self._parsed(text) or {}
        return str(answer.get("reason") or answer.get("error") or "")

    def _receipt(self, answer: Answer) -> Receipt:
        inner = answer.get("receipt", answer)
        return self._read(Receipt, inner if isinstance(inner, dict) else {})

    def _read(self, shape: type[Shape], answer: Answer) -> Shape:
        try:
            return shape.model_validate(answer)
        except ValidationError as failure:
            raise self._garbage(f"{failure.error_count()} fields are missing or wrong") from failure

    def _refused(self, reason: str) -> ExecutorRefused:
        return ExecutorRefused(self._phrase("executor.refused", reason))

    def _garbage(self, what: str) -> ExecutorUnclear:
        return ExecutorUnclear(self._phrase("executor.garbage", what))

    def _phrase(self, word: str, detail: str) -> Phrase:
        return Phrase(word=word, values={"executor": self._name, "detail": detail[:MAX_SAID]})
