"""Keeps alerts quiet in Alertmanager for a while."""

from handlers import silences
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`silence <how long> [matchers | this alert] <reason>`."""
    return await silences.silence(visit, rest)


SILENCE = Command("silence", ("silence", "mute", "静默", "静音"), run, follows="object")
