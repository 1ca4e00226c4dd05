"""Has a message insist until people have seen it, on a platform that can: what Feishu calls 加急."""

from collections.abc import Mapping, Sequence

from bot.platforms.contract import Insistent, Platform
from engine.errors import PlatformError
from engine.model import Phrase
from engine.team import Person, Team
from store.rooms import Posts


class Urgent:
    """Finds the message in the team's rooms of that platform, and the people by their accounts there."""

    def __init__(self, posts: Posts, platforms: Mapping[str, Platform]) -> None:
        self._posts = posts
        self._platforms = platforms

    async def call(self, incident: str, slot: str, people: Sequence[Person], team: Team) -> tuple[str, ...] | None:
        """For whom this part of the incident insists now, by id; None while it is shown nowhere. PlatformError."""
        name = team.escalation.urgent
        platform: object = self._platforms.get(name)
        if not isinstance(platform, Insistent):
            raise PlatformError(Phrase(word="error.urgent_nowhere", values={"platform": name}))
        posts = await self._posts.of(incident)
        shown = [post for post in posts if post.slot == slot and post.message and post.room.startswith(f"{name}:")]
        accounts = {person.accounts[name]: person.id for person in people}
        heard: set[str] = set()
        for post in shown:
            deaf = await platform.insist(post.room.partition(":")[2], post.message, tuple(accounts))
            heard |= {id for account, id in accounts.items() if account not in deaf}
        return tuple(sorted(heard)) if shown else None
