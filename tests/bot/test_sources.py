"""Checks that each backend the settings name becomes a source, with its tenant and no longer than the rest waits."""

import contextlib
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from aiohttp import web

from bot.connectors import SHARED, Kind
from bot.settings import Settings, Telemetry, load
from bot.sources import OPENERS, Connected, open_clones, settings_of
from engine.code import CodeReader
from engine.errors import SettingsError, SourceSilent
from engine.ports import Examined, Selective, Source
from engine.team import Connection, Team
from handlers.telemetry import telemetry_of
from tests.contracts.source import question
from tests.engine.sources.backends import serve
from tests.fakes.kubernetes_server import KubernetesServer

TEAM = Team(id="trade", name="Trade")
SECRETS = {"TRADE_TOKEN": "of-trade"}


def nothing(name: str) -> str:
    return ""


def secret(name: str) -> str:
    return SECRETS[name]


def test_every_kind_has_its_section_and_no_source_is_opened_without_an_address() -> None:
    settings = load(None)
    assert all(hasattr(settings, name) for name in OPENERS)


async def test_health_addresses_of_the_catalogue_are_asked_without_any_setting() -> None:
    async with aiohttp.ClientSession() as session:
        (source,) = Connected(load(None), session, nothing).of(TEAM)
        assert isinstance(source, Selective)
        assert not source.concerns(question())


async def test_clones_are_read_only_below_a_folder_that_is_named_and_are_no_source_of_changes() -> None:
    settings = load(None, clones={"root": "/srv/clones"})
    assert [each.name for each in open_clones(settings)] == ["clones"]
    assert open_clones(load(None)) == ()
    async with aiohttp.ClientSession() as session:
        assert "clones" not in [each.name for each in Connected(settings, session, nothing).of(TEAM)]
    with pytest.raises(SettingsError, match="absolute"):
        load(None, clones={"root": "clones"})


@pytest.mark.parametrize("kind", ["prometheus", "loki", "tempo", "jaeger", "alertmanager"])
async def test_a_tenant_is_named_as_the_backend_wants_it(kind: str, tmp_path: Path) -> None:
    header = "x-tenant" if kind == "jaeger" else "X-Scope-OrgID"
    seen: list[tuple[str | None, str | None]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers.get(header), request.headers.get("Authorization")))
        return web.Response(status=503)

    async with serve(answer) as url, aiohttp.ClientSession() as session:
        section: dict[str, Any] = {"url": url, "tenant": "trade", "token": "t0ken", "timeout": 0.5}
        source, _ = Connected(load(None, data_dir=tmp_path, **{kind: section}), session, nothing).of(TEAM)
        with pytest.raises(Exception, match=r"evidence\.silent"):
            await source.ask(question())
    assert set(seen) == {("trade", "Bearer t0ken")}


async def test_a_cluster_is_asked_where_and_as_whom_the_settings_say(tmp_path: Path) -> None:
    server = KubernetesServer("t0ken").keep("deployments", {"metadata": {"name": "payment", "namespace": "shop"}})
    async with server.serving() as url, aiohttp.ClientSession() as session:
        section = {"url": url, "token": "t0ken", "namespaces": "shop"}
        source, _ = Connected(load(None, data_dir=tmp_path, kubernetes=section), session, nothing).of(TEAM)
        assert await source.ask(question())
    assert any(each.startswith("GET /api/v1/namespaces/shop/pods") for each in server.asked)


def test_a_pod_knows_its_cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_KUBERNETES__IN_CLUSTER", "true")
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "fd00::1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "6443")
    cluster = load(None, data_dir=tmp_path).kubernetes
    assert cluster.url == "https://[fd00::1]:6443"
    assert cluster.token_file.endswith("/token")
    monkeypatch.setenv("TOCSIN_KUBERNETES__TOKEN", "t0ken")
    assert load(None, data_dir=tmp_path).kubernetes.token_file == ""


def test_outside_of_a_pod_there_is_no_cluster_to_know(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(SettingsError, match="in_cluster"):
        load(None, data_dir=tmp_path, kubernetes={"in_cluster": True})


def test_a_team_may_name_every_kind_and_no_other() -> None:
    assert set(get_args(Kind)) == OPENERS.keys()


def test_a_team_may_name_tenant_and_timeout_where_the_backend_has_them() -> None:
    sections = Settings.model_fields
    assert {
        name for name in OPENERS if isinstance(sections[name].get_default(call_default_factory=True), Telemetry)
    } == SHARED


def test_a_teams_own_patience_stands_for_the_processs() -> None:
    shared = load(None, loki={"url": "http://logs", "timeout": 4}, tempo={"url": "http://traces", "timeout": 3})
    trade = TEAM.model_copy(update={"sources": {"loki": Connection(timeout=9), "tempo": Connection(tenant="trade")}})
    own = settings_of(trade, shared, nothing)
    assert (own.loki.url, own.loki.timeout) == ("http://logs", 9)
    assert (own.tempo.tenant, own.tempo.timeout) == ("trade", 3)


@asynccontextmanager
async def heard(count: int) -> AsyncIterator[tuple[list[str], list[list[str]]]]:
    """The addresses of some servers, and the tokens and tenants each of them saw."""
    urls: list[str] = []
    seen: list[list[str]] = []
    async with AsyncExitStack() as stack:
        for place in range(count):
            seen.append([])

            async def answer(request: web.Request, place: int = place) -> web.StreamResponse:
                heads = request.headers
                seen[place].append(f"{heads.get('Authorization', '')} {heads.get('X-Scope-OrgID', '')}".strip())
                return web.Response(status=503)

            urls.append(await stack.enter_async_context(serve(answer)))
        yield urls, seen


async def ask_all(sources: Sequence[Source]) -> None:
    for source in sources:
        with contextlib.suppress(SourceSilent):
            await source.ask(question())


async def test_a_teams_own_source_stands_for_the_process_and_the_rest_is_shared() -> None:
    async with heard(3) as (urls, seen), aiohttp.ClientSession() as session:
        everybody, own, logs = urls
        shared = {"url": everybody, "token": "of-all", "tenant": "all"}
        connected = Connected(load(None, prometheus=shared, loki={"url": logs}), session, secret)
        sources = {"prometheus": Connection(url=own, token="TRADE_TOKEN", tenant="trade")}
        trade = TEAM.model_copy(update={"sources": sources})
        first, again, others = connected.of(trade), connected.of(trade), connected.of(TEAM)
        await ask_all(first[:1])
        await ask_all(others[:1])
    assert first == again, "opened anew although nothing changed"
    assert first[1:] == others[1:], "what a team does not name is the process's"
    assert (set(seen[0]), set(seen[1]), seen[2]) == ({"Bearer of-all all"}, {"Bearer of-trade trade"}, [])


async def test_no_token_goes_to_an_address_it_was_not_set_for() -> None:
    async with heard(2) as (urls, seen), aiohttp.ClientSession() as session:
        everybody, own = urls
        settings = load(None, prometheus={"url": everybody, "token": "of-all", "tenant": "all"})
        connected = Connected(settings, session, secret)
        await ask_all(connected.of(TEAM.model_copy(update={"sources": {"prometheus": Connection(url=own)}}))[:1])
        tenant = TEAM.model_copy(update={"id": "other", "sources": {"prometheus": Connection(tenant="other")}})
        await ask_all(connected.of(tenant)[:1])
    assert set(seen[1]) == {""}
    assert set(seen[0]) == {"Bearer of-all other"}


async def test_a_file_that_says_otherwise_counts_at_once() -> None:
    async with heard(2) as (urls, seen), aiohttp.ClientSession() as session:
        connected = Connected(load(None), session, secret)
        for url in urls:
            await ask_all(connected.of(TEAM.model_copy(update={"sources": {"loki": Connection(url=url)}}))[:1])
        assert len(connected.of(TEAM)) == 1, "what is not named any more is not asked any more"
    assert [bool(each) for each in seen] == [True, True]


async def test_github_of_a_team_needs_no_more_than_a_token() -> None:
    async with aiohttp.ClientSession() as session:
        connected = Connected(load(None), session, secret)
        trade = TEAM.model_copy(update={"sources": {"github": Connection(token="TRADE_TOKEN")}})
        assert [source.name for source in connected.of(trade)][:1] == ["github"]


@pytest.mark.parametrize("may", [True, False])
async def test_code_is_read_unless_people_may_not_see_it(may: bool) -> None:
    settings = load(None, github={"token": "gh", **({} if may else {"code": False})})
    async with aiohttp.ClientSession() as session:
        (github, *_) = Connected(settings, session, nothing).of(TEAM)
    assert (github.name, isinstance(github, CodeReader)) == ("github", may)


async def test_a_cluster_tells_of_rollouts_to_whom_asks_and_is_not_asked_for_every_list() -> None:
    urls = {kind: {"api_url" if kind == "github" else "url": "http://127.0.0.1:1"} for kind in OPENERS}
    async with aiohttp.ClientSession() as session:
        known = telemetry_of(Connected(load(None, **urls), session, nothing).of(TEAM), patience=3)
    assert [each.name for each in known.metrics] == ["prometheus"]
    assert [each.name for each in known.changes] == ["releases", "argocd", "github"]
    assert [each.name for each in known.rollouts] == ["kubernetes"]
    assert [each.name for each in known.states] == ["kubernetes", "probes"]


async def test_every_kind_can_say_before_there_is_an_incident_what_works() -> None:
    urls = {kind: {"api_url" if kind == "github" else "url": "http://127.0.0.1:1"} for kind in OPENERS}
    async with aiohttp.ClientSession() as session:
        opened = {kind: opener(load(None, **urls), session) for kind, opener in OPENERS.items()}
    assert [kind for kind, source in opened.items() if not isinstance(source, Examined)] == []
