"""Checks that each backend the settings name becomes a source, with its tenant and no longer than the rest waits."""

from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot.settings import load
from bot.sources import OPENERS, open_sources
from engine.ports import Selective
from tests.contracts.source import question
from tests.engine.sources.backends import serve


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
