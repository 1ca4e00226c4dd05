"""Proves that changes and state are read as they stand, and that "no change" is told apart from "not known"."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from engine.errors import SourceSilent
from engine.model import Observation
from engine.ports import Question, Source
from engine.sources.releases import ReleasesSource
from engine.team import Service
from tests.contracts.source import AMPLE, TOKEN, Condition, SourceContract, check, check_safe, patience_in, question
from tests.engine.sources.backends import Handler, broken, serve, session

WINDOW = question().window
DEPLOY = {
    "id": "dep-7",
    "service": "payment",
    "version": "v2",
    "previous_version": "v1",
    "kind": "rollout",
    "at": (WINDOW.split + timedelta(seconds=20)).isoformat(),
    "by": "ci",
    "note": "expired coupons",
}


def platform(*rows: dict, known: tuple[str, ...] = ("payment",), state: object = None, unknown: int = 404) -> Handler:
    async def answer(request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return web.json_response({"error": "the bearer token is missing or wrong"}, status=401)
        service = request.query.get("service") or request.path.rpartition("/")[2]
        if service not in known:
            return web.json_response({"error": f"there is no service {service!r} here"}, status=unknown)
        if request.path == "/deployments":
            since = float(request.query["since"])
            assert since == WINDOW.start.timestamp()
            return web.json_response({"deployments": [row for row in rows if row.get("service", service) == service]})
        return web.json_response(state if state is not None else {"versions": {"v1": 2}, "replicas": 2})

    return answer


@asynccontextmanager
async def over(handler: Handler, token: str = TOKEN, patience: float = AMPLE) -> AsyncIterator[ReleasesSource]:
    async with serve(handler) as url, session() as opened:
        yield ReleasesSource(url, session=opened, token=token, patience=patience)


async def seen_of(handler: Handler, asked: Question | None = None) -> list[Observation]:
    asked = asked or question()
    async with over(handler) as source:
        found = list(await source.ask(asked))
        for observation in found:
            check(observation, asked, source)
        return found


class TestReleasesSource(SourceContract):
    @asynccontextmanager
    async def source_on(self, condition: Condition) -> AsyncIterator[Source]:
        handlers: dict[str, Handler] = {"working": platform(DEPLOY), "empty": platform()}
        if condition == "unreachable":
            async with session() as opened:
                yield ReleasesSource("http://127.0.0.1:1", session=opened, token=TOKEN, patience=AMPLE)
            return
        async with over(handlers.get(condition, broken(condition)), patience=patience_in(condition)) as source:
            yield source


async def test_a_change_keeps_who_what_when_and_from_which_version() -> None:
    changes, state = await seen_of(platform(DEPLOY))
    (change,) = changes.changes
    assert (change.version, change.previous_version, change.kind, change.by) == ("v2", "v1", "rollout", "ci")
    assert change.at == WINDOW.split + timedelta(seconds=20)
    assert state.state == {"versions": {"v1": 2}, "replicas": 2}


@pytest.mark.parametrize(
    "at", ["2026-11-20T09:30:00Z", "2026-11-20T09:30:00.123456789+00:00", "2026-11-20T09:30:00", 1795167000]
)
async def test_times_are_read_however_they_are_written(at: object) -> None:
    changes, _ = await seen_of(platform({**DEPLOY, "at": at}))
    assert changes.changes[0].at.replace(microsecond=0) == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


async def test_changes_outside_the_window_and_of_others_do_not_count() -> None:
    old = {**DEPLOY, "at": (WINDOW.start - timedelta(seconds=1)).isoformat()}
    later = {**DEPLOY, "at": (WINDOW.end + timedelta(seconds=1)).isoformat()}
    changes, _ = await seen_of(platform(old, later))
    assert (changes.kind, changes.count) == ("change", 0)
    assert "service=payment" in changes.query


@pytest.mark.parametrize("unknown", [404, 422])
async def test_a_service_the_platform_does_not_know_is_not_called_unchanged(unknown: int) -> None:
    seen = await seen_of(platform(DEPLOY, unknown=unknown))
    assert {each.service for each in seen} == {"payment"}
    async with over(platform(known=(), unknown=unknown)) as source:
        with pytest.raises(SourceSilent) as silent:
            await source.ask(question())
    assert silent.value.phrase.word == "evidence.silent.unknown_service"
    check_safe(silent.value.phrase)


async def test_a_wrong_token_is_told_and_not_shown() -> None:
    async with over(platform(), token="other-" + TOKEN) as source:
        with pytest.raises(SourceSilent) as silent:
            await source.ask(question())
    assert silent.value.phrase.word == "evidence.silent.refused"
    check_safe(silent.value.phrase)


async def test_unknown_history_is_silence_even_where_the_state_is_known() -> None:
    fine = platform()

    async def answer(request: web.Request) -> web.StreamResponse:
        return web.Response(status=500) if request.path == "/deployments" else await fine(request)

    async with over(answer) as source:
        with pytest.raises(SourceSilent):
            await source.ask(question())


async def test_a_state_too_large_to_keep_is_said_to_be_cut() -> None:
    _, state = await seen_of(platform(state={"versions": ["v" * 1_000] * 100}))
    assert (state.state, state.count, state.truncated) == ({}, 0, True)


async def test_a_service_name_cannot_leave_its_path() -> None:
    paths: list[str] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        paths.append(request.raw_path)
        return web.json_response({}, status=404)

    async with over(answer) as source:
        with pytest.raises(SourceSilent):
            await source.ask(question("../actions/execute?x=", ()))
    assert all(path.startswith(("/state/..%2F", "/deployments?service=")) for path in paths), paths


async def test_examined_it_names_the_services_it_does_not_release() -> None:
    async with over(platform(known=("payment", "coupon"))) as source:
        (mixed,) = await source.examine([Service(name="payment"), Service(name="mail")])
        (all_known,) = await source.examine([Service(name="payment"), Service(name="coupon")])
        (nobody,) = await source.examine([])
    assert (mixed.ok, mixed.phrase.word, mixed.phrase.values["strangers"]) == (True, "check.source.strangers", "mail")
    assert (mixed.phrase.values["known"], mixed.phrase.values["all"]) == (1, 2)
    assert all_known.phrase.word == "check.source.releases_all"
    assert nobody.ok
