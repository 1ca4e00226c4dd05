"""Makes the kit that the house lends each chat platform."""

from dataclasses import dataclass

from aiohttp import ClientSession, web

from bot.crew import Crew
from bot.desk import ChatDesk
from bot.groups import Groups
from bot.platforms.contract import Kit, News
from bot.platforms.seal import Seal
from bot.teams import TeamFiles
from engine.model import Phrase
from engine.ports import Clock
from store.sqlite import SqliteStore


@dataclass(frozen=True)
class Ground:
    """What all rooms of the house stand on."""

    store: SqliteStore
    session: ClientSession
    crew: Crew
    teams: TeamFiles
    seal: Seal
    groups: Groups


@dataclass(frozen=True)
class Kits:
    """Makes the kit of each chat platform."""

    ground: Ground
    clock: Clock
    app: web.Application
    desk: ChatDesk
    public_url: str

    def kit(self, platform: str) -> Kit:
        """What the house lends the platform of this name."""
        ground = self.ground

        async def incident_at(room: str, message: str) -> str:
            post = await ground.store.posts.by_message(f"{platform}:{room}", message)
            return post.incident if post else ""

        def lost(room: str, why: Phrase) -> None:
            rooms, at = f"{platform}:{room}", self.clock.now()
            ground.crew.start(f"lost {rooms}", lambda: self.desk.lose(rooms, why, at))

        return Kit(
            session=ground.session,
            clock=self.clock,
            crew=ground.crew,
            teams=ground.teams,
            seal=ground.seal,
            app=self.app,
            incident_at=incident_at,
            draw=self.desk.draw,
            public_url=self.public_url,
            news=News(lambda group: ground.groups.changed(f"{platform}:group:{group}"), lost),
        )
