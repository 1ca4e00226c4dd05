"""Calls another service: round-robin over its replicas, with a timeout, a client span and a count."""

import asyncio
from dataclasses import dataclass

import aiohttp

from bot.demo.services.replica import Replica
from bot.demo.spans import CLIENT, Span


class Balancer:
    """The addresses of a service that take requests now, used one after the other."""

    def __init__(self) -> None:
        self._ports: list[int] = []
        self._next = 0

    def admit(self, port: int) -> None:
        """Send requests to this port from now on."""
        if port not in self._ports:
            self._ports = sorted([*self._ports, port])

    def drain(self, port: int) -> None:
        """Send no more requests to this port."""
        self._ports = [each for each in self._ports if each != port]

    def choose(self) -> str | None:
        """The next address, or None when nobody is there."""
        if not self._ports:
            return None
        self._next = (self._next + 1) % len(self._ports)
        return f"http://127.0.0.1:{self._ports[self._next]}"


@dataclass(frozen=True)
class Reply:
    """What the other service said: its status (0 when it did not answer), its body, and what went wrong."""

    status: int
    body: dict[str, object]
    problem: str = ""


class Caller:
    """One replica's client for one other service."""

    def __init__(self, replica: Replica, peer: str, balancer: Balancer, timeout_s: float) -> None:
        self._replica, self._peer, self._balancer, self._timeout_s = replica, peer, balancer, timeout_s
        name = "http_client_requests_total"
        self._count = replica.meters.counter(name, "Calls to other services.", "peer_service", "code")
        for code in ("200", "timeout", "unreachable"):
            self._count.add(peer, code, amount=0.0)

    async def call(self, method: str, path: str, above: Span, json: dict[str, object] | None = None) -> Reply:
        """Call the peer once; never raises for what the peer does: timeouts and refusals come back as a reply."""
        spans, origin = self._replica.around.spans, self._replica.origin
        with spans.span(origin, f"{method} {self._peer} {path.partition('?')[0]}", above.context(), CLIENT) as span:
            span.attributes["peer.service"] = self._peer
            reply, code = await self._once(method, path, span, json)
            if reply.problem or reply.status >= 500:
                span.error = reply.problem or f"HTTP {reply.status}"
            if reply.status:
                span.attributes["http.response.status_code"] = reply.status
        self._count.add(self._peer, code)
        return reply

    async def _once(self, method: str, path: str, span: Span, json: dict[str, object] | None) -> tuple[Reply, str]:
        address = self._balancer.choose()
        if address is None:
            return Reply(0, {}, f"no replica of {self._peer} takes requests"), "unreachable"
        try:
            async with (
                asyncio.timeout(self._timeout_s),
                self._replica.around.session.request(
                    method, address + path, json=json, headers={"traceparent": span.context().header()}
                ) as answer,
            ):
                body = await answer.json()
                return Reply(answer.status, body if isinstance(body, dict) else {}), str(answer.status)
        except TimeoutError:
            return Reply(0, {}, f"{self._peer} did not answer within {self._timeout_s:.1f} s"), "timeout"
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return Reply(0, {}, f"{self._peer} cannot be reached: {problem}"), "unreachable"
