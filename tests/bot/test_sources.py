"""Checks that each backend the settings name becomes a source, with its tenant and no longer than the rest waits."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.settings import load
from bot.sources import OPENERS, open_sources
from engine.errors import SettingsError
from engine.ports import Selective
from tests.contracts.source import question
from tests.engine.sources.backends import serve
from tests.fakes.kubernetes_server import KubernetesServer


def test_every_kind_has_its_section_and_no_source_is_opened_without_an_address() -> None:
    settings = load(None)
    assert all(hasattr(settings, name) for name in OPENERS)


async def test_health_addresses_of_the_catalogue_are_asked_without_any_setting() -> None:
    async with aiohttp.ClientSession() as session:
        (source,) = open_sources(load(None), session)
        assert isinstance(source, Selective)
        assert not source.concerns(question())


@pytest.mark.parametrize("kind", ["prometheus", "loki", "tempo", "jaeger", "alertmanager"])
async def test_a_tenant_is_named_as_the_backend_wants_it(kind: str, tmp_path: Path) -> None:
    header = "x-tenant" if kind == "jaeger" else "X-Scope-OrgID"
    seen: list[tuple[str | None, str | None]] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        seen.append((request.headers.get(header), request.headers.get("Authorization")))
        return web.Response(status=503)

    async with serve(answer) as url, aiohttp.ClientSession() as session:
        section: dict[str, Any] = {"url": url, "tenant": "trade", "token": "t0ken", "timeout": 0.5}
        source, _ = open_sources(load(None, data_dir=tmp_path, **{kind: section}), session)
        with pytest.raises(Exception, match=r"evidence\.silent"):
            await source.ask(question())
    assert set(seen) == {("trade", "Bearer t0ken")}


async def test_a_cluster_is_asked_where_and_as_whom_the_settings_say(tmp_path: Path) -> None:
    server = KubernetesServer("t0ken").keep("deployments", {"metadata": {"name": "payment", "namespace": "shop"}})
    async with server.serving() as url, aiohttp.ClientSession() as session:
        section = {"url": url, "token": "t0ken", "namespaces": "shop"}
        source, _ = open_sources(load(None, data_dir=tmp_path, kubernetes=section), session)
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
