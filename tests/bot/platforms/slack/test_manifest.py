"""Checks the app manifest: Slack's own schema takes it, and it asks for what the code needs."""

import copy
import json
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.platforms.slack import groups, losses
from bot.platforms.slack.examination import GROUPS
from bot.platforms.slack.examination import SCOPES as NEEDED
from bot.platforms.slack.inbound import ACK, DECLARE
from tests.fakes.slack_workspace import SCOPES

SCHEMA = Path(__file__).parent / "schema" / "manifest.schema.1.0.0.json"
EVENTS = {
    *("app_home_opened", "app_mention", "message.channels", "message.groups", "message.im", "reaction_added"),
    "reaction_removed",
    *groups.EVENTS,
    *losses.WORDS,
}
IN_WORDS = {"app_mentions:read", "commands", "files:read", "reactions:read", "groups:history", "im:history"}
"""Scopes of what arrives, and of the same calls in other kinds of channels."""

Tree = dict[str, Any]


@pytest.fixture(scope="module")
def manifest(root: Path) -> Tree:
    read: Tree = yaml.safe_load((root / "deploy" / "slack-manifest.yaml").read_text(encoding="utf-8"))
    return read


def faults(manifest: Tree) -> list[str]:
    jsonschema = import_module("jsonschema")
    validator = jsonschema.Draft7Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
    return [error.message for error in validator.iter_errors(manifest)]


def test_slack_takes_it(manifest: Tree) -> None:
    assert faults(manifest) == []


def _unknown(manifest: Tree) -> None:
    manifest["settings"]["sockets"] = True


def _nameless(manifest: Tree) -> None:
    del manifest["display_information"]["name"]


def _long_shortcut(manifest: Tree) -> None:
    manifest["features"]["shortcuts"][0]["name"] = "x" * 25


def _odd_command(manifest: Tree) -> None:
    del manifest["features"]["slash_commands"][0]["description"]


@pytest.mark.parametrize("spoil", [_unknown, _nameless, _long_shortcut, _odd_command])
def test_the_schema_would_find_a_fault(manifest: Tree, spoil: Callable[[Tree], None]) -> None:
    spoilt = copy.deepcopy(manifest)
    spoil(spoilt)
    assert faults(spoilt)


def test_it_asks_for_what_the_code_calls(manifest: Tree) -> None:
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    assert set(SCOPES.values()) | IN_WORDS | set(NEEDED) | {GROUPS} <= asked
    assert set(manifest["settings"]["event_subscriptions"]["bot_events"]) >= EVENTS
    assert {each["callback_id"] for each in manifest["features"]["shortcuts"]} == {ACK, DECLARE}
    assert [each["command"] for each in manifest["features"]["slash_commands"]] == ["/incident"]
    assert manifest["settings"]["socket_mode_enabled"] is True


def test_the_how_to_page_names_every_scope(manifest: Tree, root: Path) -> None:
    page = (root / "docs" / "how-to" / "slack.md").read_text(encoding="utf-8")
    missing = [scope for scope in manifest["oauth_config"]["scopes"]["bot"] if f"`{scope}`" not in page]
    assert not missing, missing
