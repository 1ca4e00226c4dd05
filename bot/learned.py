"""Adds to the teams' files the dependencies that people confirmed in chat; the files themselves stay as they are."""

from bot.teams import TeamFiles
from engine.ports import Memory


async def take_up(memory: Memory, teams: TeamFiles) -> None:
    """Let every team know what it was taught; what was forgotten meanwhile is gone."""
    for team in teams.all():
        callees: dict[str, tuple[str, ...]] = {}
        for lesson in await memory.kept(team.id, "dependency"):
            if peer := lesson.rule.get("peer", ""):
                callees[lesson.service] = (peer, *callees.get(lesson.service, ()))
        teams.learn(team.id, callees)
