"""Holds Slack to the platform contract, against the fake workspace and through Slack's own client."""

import pytest

from tests.contracts.platform import PlatformRules, Shown
from tests.fakes.slack_server import SlackServer


class TestSlack(PlatformRules):
    @pytest.fixture
    def shown(self, slack: SlackServer) -> Shown:
        async def titles(room: str) -> list[str]:
            return [message.title for message in slack.shown(room)]

        return titles
