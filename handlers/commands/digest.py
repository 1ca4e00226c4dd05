"""Sums up the last day or week of the team, now."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from handlers import digest
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no

SPANS = {
    **dict.fromkeys(("", "day", "daily", "今天", "日", "每日", "日报"), "daily"),
    **dict.fromkeys(("week", "weekly", "本周", "周", "每周", "周报"), "weekly"),
}


async def run(visit: Visit, rest: str) -> Answer:
    """`digest [daily|weekly]`."""
    every = SPANS.get(rest.strip().casefold())
    if every is None:
        return no("error.digest_what", said=rest.strip()[:40])
    # What began this very moment belongs to it.
    end = (visit.house.clock.now() + timedelta(microseconds=1)).astimezone(ZoneInfo(visit.team.zone))
    return Answer(card=await digest.card(visit.house, visit.team, every, end, visit.words))


DIGEST = Command("digest", ("digest", "摘要", "简报"), run, role="viewer", about=False)
