"""Bends every leaf of every kind of delivery into something else: nothing breaks and nobody is misheard."""

import copy
import logging
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from handlers.inbound import ButtonPressed, FormSent
from tests.bot.platforms.feishu.stand import CHEN, LIN, Stand, called_back
from tests.bot.platforms.feishu.test_duplicates import CHAT, every_kind
from tests.fakes.feishu_server import FeishuServer

ODD: tuple[Any, ...] = (None, 7, True, "", "x" * 5000, "\x00\u202e", "om_none", [], [[]], {}, {"open_id": LIN}, -1.5)


@pytest.fixture
async def stand() -> AsyncIterator[Stand]:
    server = FeishuServer()
    server.chat(CHAT, LIN, CHEN)
    async with server.serving(), called_back(server) as stand, stand.listening():
        yield stand


def bent(event: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Where a leaf or branch stands, and each odd thing in its place."""
    below: Any = event.items() if isinstance(event, dict) else enumerate(event) if isinstance(event, list) else ()
    for key, value in below:
        for odd in ODD:
            yield (*path, key), odd
        yield from bent(value, (*path, key))


@pytest.mark.parametrize("kind", ["message", "command", "picture", "press", "form", "reaction", "menu"])
async def test_nothing_breaks(stand: Stand, kind: str, caplog: pytest.LogCaptureFixture) -> None:
    whole = (await every_kind(stand))[kind]
    caplog.set_level(logging.ERROR)
    stand.inbox.answers.clear()
    before = len(stand.inbox.events)
    for number, (path, odd) in enumerate(bent(whole["event"])):
        body = copy.deepcopy(whole)
        here = body["event"]
        for key in path[:-1]:
            here = here[key]
        here[path[-1]] = odd
        body["header"]["event_id"] = f"bent-{number}"
        assert await stand.server.deliver(body, retries=0) is not None, (path, odd)
    assert caplog.text == ""
    for event in stand.inbox.events[before:]:
        # A value that was bent opens nothing: what comes in carries what was sealed.
        if isinstance(event, ButtonPressed | FormSent):
            assert event.action in ("ack", "reject")


@pytest.mark.parametrize("header", ["event_id", "event_type", "app_id", "tenant_key", "create_time"])
@pytest.mark.parametrize("odd", ODD[:6])
async def test_a_bent_header_breaks_nothing(stand: Stand, header: str, odd: Any) -> None:
    body = stand.server.event("im.message.receive_v1", {})
    body["header"][header] = odd
    assert await stand.server.deliver(body, retries=0) == {}
    assert stand.inbox.events == []
