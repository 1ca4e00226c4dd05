"""Checks that what is not set up in Slack is named as Slack names it."""

from collections.abc import Callable

import pytest

from bot.platforms.slack.examination import SCOPES, examine
from cards.words import Words
from tests.bot.platforms.slack.conftest import ROOM, Lent, settings
from tests.fakes import slack_workspace
from tests.fakes.slack_server import SlackServer
from tests.fakes.slack_workspace import BOT


@pytest.fixture
async def slack(slack: SlackServer) -> SlackServer:
    slack.workspace.scopes |= set(SCOPES)
    return slack


async def said(slack: SlackServer, lent: Lent, *groups: str, **more: object) -> list[str]:
    found = await examine(settings(slack, **more), lent.kit.session, lent.kit.clock, [ROOM], groups)
    for language in ("en", "zh"):
        assert all("[" not in Words(language).say(phrase) for phrase in found)
    return [Words("en").say(phrase) for phrase in found]


async def test_all_is_well(slack: SlackServer, lent: Lent) -> None:
    assert await said(slack, lent) == []
    assert await said(slack, lent, workspaces=frozenset({slack_workspace.TEAM})) == []


@pytest.mark.parametrize("scope", SCOPES)
async def test_each_missing_scope_is_named(slack: SlackServer, lent: Lent, scope: str) -> None:
    slack.workspace.scopes.remove(scope)
    (sentence,) = await said(slack, lent)
    assert scope in sentence
    assert "reinstall" in sentence


def _wrong_token(slack: SlackServer) -> dict[str, object]:
    slack.workspace.token = "xoxb-new"
    return {}


def _wrong_app_token(slack: SlackServer) -> dict[str, object]:
    return {"app_token": "xapp-other"}


def _another_workspace(slack: SlackServer) -> dict[str, object]:
    return {"workspaces": frozenset({"T0ELSE"})}


def _not_invited(slack: SlackServer) -> dict[str, object]:
    slack.workspace.channels[ROOM].remove(BOT)
    return {}


def _no_such_channel(slack: SlackServer) -> dict[str, object]:
    del slack.workspace.channels[ROOM]
    return {}


def _away(slack: SlackServer) -> dict[str, object]:
    slack.away = True
    return {}


@pytest.mark.parametrize(
    "spoil, names",
    [
        (_wrong_token, "TOCSIN_SLACK__BOT_TOKEN"),
        (_wrong_app_token, "connections:write"),
        (_another_workspace, "TOCSIN_SLACK__WORKSPACES"),
        (_not_invited, "/invite"),
        (_no_such_channel, ROOM),
        (_away, "does not answer"),
    ],
)
async def test_what_is_wrong_is_named(
    slack: SlackServer, lent: Lent, spoil: Callable[[SlackServer], dict[str, object]], names: str
) -> None:
    more = spoil(slack)
    (sentence,) = await said(slack, lent, **more)
    assert names in sentence


async def test_user_groups_are_looked_at_where_a_team_names_some(slack: SlackServer, lent: Lent) -> None:
    slack.workspace.groups["S1"] = {"U1"}
    slack.workspace.scopes.add("usergroups:read")
    assert await said(slack, lent, "S1") == []
    (sentence,) = await said(slack, lent, "S1", "S0GONE")
    assert "S0GONE" in sentence
    slack.workspace.scopes.discard("usergroups:read")
    (sentence,) = await said(slack, lent, "S1")
    assert "usergroups:read" in sentence
    assert await said(slack, lent) == []
