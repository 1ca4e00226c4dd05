"""Checks that the connection to Slack is opened, refreshed, given up and opened again, and that nothing outlives it."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.platforms.slack.patience import Patience
from bot.platforms.slack.platform import SlackPlatform
from tests.bot.platforms.slack.conftest import ROOM, Lent, Listening, settings
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import APP_TOKEN, BOT_TOKEN

SOON = Patience(look=0.02, dead=0.2, opening=1.0, ping=0.1, first_retry=0.01, longest_retry=0.05)


@asynccontextmanager
async def listening(
    slack: SlackServer, lent: Lent, patience: Patience = SOON
) -> AsyncIterator[tuple[SlackPlatform, Listening]]:
    """The platform at work, impatient; afterwards nothing of it may run."""
    before = asyncio.all_tasks()
    platform, inbox = SlackPlatform(settings(slack), lent.kit, patience), Listening()
    async with asyncio.TaskGroup() as group:
        running = group.create_task(platform.run(inbox))
        yield platform, inbox
        async with asyncio.timeout(2):
            running.cancel()
            await asyncio.wait({running})
    await slack.until(lambda: not slack.sockets)
    left = {task for task in asyncio.all_tasks() - before if "slack" in str(task.get_coro()).lower()}
    assert not left, left
    assert not platform.alive


async def _hears(slack: SlackServer, inbox: Listening, text: str) -> None:
    lin = slack.workspace.people.get("U1LIN") or slack.workspace.human("U1LIN", "Lin")
    before = len(inbox.events)
    await slack.commands(lin, ROOM, text)
    await inbox.had(before + 1)


async def test_a_refresh_opens_a_new_connection(slack: SlackServer, lent: Lent) -> None:
    async with listening(slack, lent) as (platform, inbox):
        await _hears(slack, inbox, "one")
        assert platform.alive
        for opened in (1, 2, 3):
            assert slack.opened == opened
            await slack.disconnect()
            await slack.until(lambda opened=opened: slack.opened == opened + 1 and len(slack.sockets) == 1)  # type: ignore[misc]
            await _hears(slack, inbox, "again")
        assert len(inbox.events) == 4


async def test_a_connection_cut_off_is_opened_again(slack: SlackServer, lent: Lent) -> None:
    async with listening(slack, lent) as (_, inbox):
        await _hears(slack, inbox, "one")
        await slack.hang_up()
        await slack.until(lambda: slack.opened >= 2 and slack.sockets)
        await _hears(slack, inbox, "two")


async def test_an_address_that_is_dead_is_not_tried_for_ever(slack: SlackServer, lent: Lent) -> None:
    """Slack's own client would go on with the first address; a new one is asked for."""
    slack.dead = 3
    async with listening(slack, lent) as (_, inbox):
        await slack.until(lambda: slack.sockets, seconds=20)
        assert slack.opened == 1
        await _hears(slack, inbox, "one")
        # The same in the middle: Slack asks to come back, and the address it gives is dead.
        slack.dead = 2
        await slack.disconnect()
        await slack.until(lambda: slack.opened >= 2 and slack.sockets, seconds=20)
        await _hears(slack, inbox, "two")


async def test_a_socket_that_died_silently_is_noticed(slack: SlackServer, lent: Lent) -> None:
    async with listening(slack, lent) as (_, inbox):
        await _hears(slack, inbox, "one")
        slack.mute()
        await slack.until(lambda: slack.opened >= 2, seconds=20)
        await _hears(slack, inbox, "two")


async def test_it_ends_at_once_even_where_the_other_end_is_silent(slack: SlackServer, lent: Lent) -> None:
    async with listening(slack, lent, Patience()) as (_, inbox):
        await _hears(slack, inbox, "one")
        slack.mute()


async def test_an_outage_from_the_start_is_waited_out(
    slack: SlackServer, lent: Lent, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    slack.away = True
    async with listening(slack, lent) as (platform, inbox):
        await slack.until(lambda: slack.refused > 3)
        assert not platform.alive
        slack.away = False
        await slack.until(lambda: slack.sockets)
        await _hears(slack, inbox, "one")
    assert "Slack does not answer" in caplog.text


async def test_a_wrong_token_is_said_and_tried_again(
    slack: SlackServer, lent: Lent, caplog: pytest.LogCaptureFixture
) -> None:
    slack.workspace.token = "xoxb-another"
    async with listening(slack, lent) as (_, inbox):
        await slack.until(lambda: len(slack.workspace.calls) > 2)
        slack.workspace.token = BOT_TOKEN
        await slack.until(lambda: slack.sockets)
        await _hears(slack, inbox, "one")
    assert "TOCSIN_SLACK__BOT_TOKEN" in caplog.text or "slack.error.credentials" in caplog.text
    assert "invalid_auth" in caplog.text


async def test_nothing_secret_is_written_to_the_log(
    slack: SlackServer, lent: Lent, caplog: pytest.LogCaptureFixture
) -> None:
    """Tokens, tickets and addresses of answers, through good days and bad ones, with everything switched on."""
    caplog.set_level(logging.DEBUG)
    slack.dead = 1
    async with listening(slack, lent) as (_, inbox):
        await slack.until(lambda: slack.sockets, seconds=20)
        await _hears(slack, inbox, "one")
        slack.dead = 1
        await slack.disconnect()
        await slack.until(lambda: slack.opened >= 2 and slack.sockets, seconds=20)
        await slack.hang_up()
        await slack.until(lambda: slack.opened >= 3 and slack.sockets, seconds=20)
        await _hears(slack, inbox, "two")
    ours = [record for record in caplog.records if record.name.startswith(("tocsin", "slack"))]
    assert ours
    told = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in ours)
    for secret in (BOT_TOKEN, APP_TOKEN, "ticket-", "/respond/"):
        assert secret not in told
    assert all(record.exc_info is None for record in ours), "a traceback may hold an address with its ticket"
