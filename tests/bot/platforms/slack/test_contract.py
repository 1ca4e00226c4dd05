"""Holds Slack to the platform contract, against the fake workspace and through Slack's own client."""

import pytest

from tests.contracts.platform import PlatformRules, Refusal, RefusalRules, Refusing, Shown
from tests.fakes.slack_server import SlackServer

CODES: dict[Refusal, str] = {"good": "invalid_blocks", "later": "ratelimited", "room": "not_in_channel"}


class TestSlack(PlatformRules, RefusalRules):
    @pytest.fixture
    def shown(self, slack: SlackServer) -> Shown:
        async def titles(room: str) -> list[str]:
            return [message.title for message in slack.shown(room)]

        return titles

    @pytest.fixture
    def refusing(self, slack: SlackServer) -> Refusing:
        def refuse(text: str, refusal: Refusal) -> None:
            slack.workspace.refuses[text] = CODES[refusal]

        return refuse
