"""Proves that services are asked at the catalogue's address alone, that what is down is evidence, and within bounds."""

import asyncio
import ipaddress
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from engine.ports import Question, Source
from engine.sources import certificates
from engine.sources.probes import MOST_BYTES, TRIES, ProbesSource
from engine.team import Service
from tests.contracts.source import AMPLE, PATIENCE, Condition, SourceContract, check, patience_in, question
from tests.engine.sources.backends import Handler, broken, serve, session

DOWN = {"status": "DOWN", "components": {"db": {"status": "DOWN"}, "disk": {"status": "UP"}}}


async def well(request: web.Request) -> web.StreamResponse:
    return web.json_response({"status": "UP"})


def asked_at(url: str, **more: Any) -> Question:
    """The question of the contract, about a service with a health address."""
    return question(**more).model_copy(update={"service": Service(name="payment", health_url=url)})


@asynccontextmanager
async def probing() -> AsyncIterator[ProbesSource]:
    async with session() as opened:
        yield ProbesSource(opened, patience=AMPLE, pause=0.0, now=lambda: 0.0)


class Known(ProbesSource):
    """A source whose questions always carry this address: the suite's own carry none."""

    def __init__(self, url: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.url = url

    async def ask(self, question: Question) -> Any:
        service = question.service.model_copy(update={"health_url": self.url})
        return await super().ask(question.model_copy(update={"service": service}))


class TestProbesSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        async with session() as opened:
            patience = patience_in(condition)
            options: dict[str, Any] = {"patience": patience, "pause": 0.0, "now": lambda: 0.0}
            if condition == "unreachable":
                yield Known("http://127.0.0.1:1", opened, **options)
                return
            handler: Handler = well if condition in ("working", "empty") else broken(condition)
            async with serve(handler) as url:
                yield Known(f"{url}/health", opened, **options)

    async def test_nothing_found_is_an_answer(self) -> None:
        """A service whose address nobody wrote down is not asked at all."""
        async with probing() as source:
            assert not source.concerns(question())
            assert await source.ask(question()) == []

    @pytest.mark.parametrize("condition", ["failing", "garbage", "unreachable"])
    async def test_is_silent_with_a_word_people_may_read(self, condition: Condition) -> None:
        """What a service does to its own health check is evidence, never silence."""
        async with self.source_on(condition) as source:
            asked = question()
            (seen,) = await source.ask(asked)
            check(seen, asked, source)
            told = (seen.state["answered"], seen.state["status"], seen.state["reason"])
            assert (
                told == {"failing": (3, 500, ""), "garbage": (3, 200, ""), "unreachable": (0, 0, "refused")}[condition]
            )

    async def test_a_hanging_backend_is_not_waited_for(self) -> None:
        async with self.source_on("hanging") as source, asyncio.timeout(PATIENCE * 2):
            (seen,) = await source.ask(question())
        assert (seen.state["answered"], seen.state["reason"]) == (0, "timeout")


async def look(handler: Handler, path: str = "/health") -> dict[str, Any]:
    async with serve(handler) as url, probing() as source:
        (seen,) = await source.ask(asked_at(url + path))
        return dict(seen.state)


async def test_neighbours_are_asked_too_and_only_those_with_an_address() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await well(request)

    async with serve(answer) as url, probing() as source:
        near = (Service(name="coupon", health_url=f"{url}/coupon"), Service(name="db"))
        seen = await source.ask(asked_at(f"{url}/pay").model_copy(update={"neighbours": near}))
    assert [each.service for each in seen] == ["payment", "coupon"]
    assert sorted(asked) == ["/coupon"] * TRIES + ["/pay"] * TRIES


async def test_an_address_never_comes_from_the_alert() -> None:
    asked: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return await well(request)

    async with serve(answer) as url, probing() as source:
        labels = {"health_url": url, "instance": url, "target": url}
        assert await source.ask(question(generator_url=url, labels=labels, annotations=labels)) == []
    assert not asked


@pytest.mark.parametrize(
    "status, body, told",
    [
        (200, "ok", (3, 0, [])),
        (204, "", (3, 0, [])),
        (503, "<html>busy</html>", (0, 3, [])),
        (200, DOWN, (0, 3, ["db"])),
        (
            503,
            {"status": "fail", "checks": {"redis:ping": [{"status": "fail"}], "cpu": [{"status": "pass"}]}},
            (0, 3, ["redis:ping"]),
        ),
        (503, {"status": "Unhealthy", "results": {"ledger": {"status": "Unhealthy"}}}, (0, 3, ["ledger"])),
        (200, {"ok": True, "dependencies": {"mysql": False, "kafka": True}}, (3, 0, ["mysql"])),
        (200, {"healthy": False}, (0, 3, [])),
        (503, {"checks": [{"name": "queue", "state": "failed"}]}, (0, 3, ["queue"])),
        (404, "nothing here", (0, 0, [])),
        (401, "", (0, 0, [])),
        (200, "[" * 50_000, (3, 0, [])),
        (200, '{"components":' * 5_000, (3, 0, [])),
    ],
)
async def test_what_a_service_says_of_itself(status: int, body: Any, told: tuple[int, int, list[str]]) -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        if isinstance(body, str):
            return web.Response(status=status, text=body)
        return web.json_response(body, status=status)

    state = await look(answer)
    assert (state["well"], state["unwell"], state["failing"], state["status"]) == (*told, status)


async def test_one_failure_of_several_tries_is_told() -> None:
    times = iter((200, 503, 200))

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=next(times))

    state = await look(answer)
    assert (state["well"], state["unwell"], state["status"]) == (2, 1, 503)


async def test_a_redirect_is_followed_on_the_same_host_alone() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        targets = {"/health": "/live", "/out": "http://192.0.2.1/", "/file": "ftp://127.0.0.1/x", "/loop": "/loop"}
        if request.path in targets:
            return web.Response(status=302, headers={"Location": targets[request.path]})
        return web.json_response({"status": "DOWN"})

    assert (await look(answer))["unwell"] == TRIES
    assert (await look(answer, "/out"))["status"] == 302
    assert (await look(answer, "/file"))["status"] == 302
    assert (await look(answer, "/loop"))["status"] == 302


async def test_a_long_answer_is_not_read_to_its_end() -> None:
    sent = 0

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1_000):
            await response.write(b"x" * MOST_BYTES)
            sent += MOST_BYTES
        return response

    assert (await look(answer))["well"] == TRIES
    assert sent < 1_000 * MOST_BYTES


async def test_what_check_says_of_health_addresses() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=int(request.path.rpartition("/")[2]))

    async with serve(answer) as url, probing() as source:
        paths = (f"{url}/200", f"{url}/503", f"{url}/404", "http://127.0.0.1:1", "")
        services = [Service(name=f"s{n}", health_url=path) for n, path in enumerate(paths)]
        said = await source.examine(services)
    assert [(each.ok, each.phrase.word, each.phrase.values["status"]) for each in said] == [
        (True, "check.health", 200),
        (True, "check.health", 503),
        (False, "check.health_says_nothing", 404),
        (False, "check.health_gone", 0),
    ]


# --- certificates ---


def certificate(folder: Path, until: datetime) -> ssl.SSLContext:
    """A server's context with a certificate for this machine that is valid until then."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(until)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


@asynccontextmanager
async def encrypted(context: ssl.SSLContext) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_get("/health", well)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        yield f"https://127.0.0.1:{runner.addresses[0][1]}/health"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("until", [datetime(2049, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(2051, 1, 2, tzinfo=UTC)])
async def test_a_certificate_nobody_trusts_is_read_all_the_same(tmp_path: Path, until: datetime) -> None:
    async with encrypted(certificate(tmp_path, until)) as url, probing() as source:
        (seen,) = await source.ask(asked_at(url))
    told = (seen.state["answered"], seen.state["reason"], seen.state["certificate_until"])
    assert told == (0, "untrusted", until.isoformat())


async def test_one_that_ran_out_is_told_with_the_moment_it_did(tmp_path: Path) -> None:
    until = datetime(2021, 6, 1, tzinfo=UTC)
    async with encrypted(certificate(tmp_path, until)) as url, probing() as source:
        (seen,) = await source.ask(asked_at(url))
    assert seen.state["reason"] in ("expired", "untrusted")
    assert seen.state["certificate_until"] == until.isoformat()


@pytest.mark.parametrize(
    "junk", [b"", b"\x30", b"\x30\x03\x30\x01\x30", b"\x30\x82\xff\xff" + b"\x00" * 50, bytes(range(256))]
)
def test_what_is_no_certificate_has_no_end(junk: bytes) -> None:
    assert certificates.not_after(junk) is None


async def test_where_nobody_answers_there_is_no_certificate() -> None:
    assert await certificates.expiry("127.0.0.1", 1) is None
