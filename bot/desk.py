"""Shows parts of incidents in the rooms of their teams: state → view → card, through the outbox."""

from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import TypeVar

from bot.outbox import Outbox
from cards import views
from cards.model import Card, Prose
from cards.words import Words
from engine.incident import Incident, fold
from engine.model import Phrase
from engine.ports import Register, Teams, Timeline
from engine.team import Team

K = TypeVar("K")
V = TypeVar("V")

MOST_KEPT = 100
"""States and cards that are kept, so that a second room, or a second asking, costs nothing."""


class ChatDesk:
    """The engine's Desk over chat platforms."""

    def __init__(self, timeline: Timeline, register: Register, teams: Teams) -> None:
        self._timeline = timeline
        self._register = register
        self._teams = teams
        self._outbox: Outbox | None = None
        self._folded: OrderedDict[str, tuple[int, Incident]] = OrderedDict()
        self._drawn: OrderedDict[tuple[str, str, str], tuple[Incident, Team, Card | None]] = OrderedDict()

    def send_through(self, outbox: Outbox) -> None:
        """Say where cards go out; the outbox itself needs `draw`."""
        self._outbox = outbox

    async def show(self, incident: str, slot: str) -> None:
        """Durable on return; the sending happens behind."""
        if self._outbox is None:
            return
        team = self._teams.team(await self._register.team_of(incident))
        for room in await self._rooms(team, incident):
            await self._outbox.want(room, incident, (slot,))

    async def show_in(self, room: str, incident: str, slot: str) -> None:
        """As `show`, in one room more than the team's own; from then on the incident is shown there as well."""
        if self._outbox is not None:
            await self._outbox.want(room, incident, (slot,))

    async def rooms(self, incident: str) -> Sequence[str]:
        """The rooms that may show an incident, the one that hears of incidents late last; none once it is closed."""
        state = await self.state(incident)
        return () if state.status == "closed" else self._teams.team(state.team).places

    async def _rooms(self, team: Team, incident: str) -> tuple[str, ...]:
        """The team's rooms, and the one that hears of incidents late where it has heard of this one."""
        assert self._outbox is not None
        late = team.places[len(team.rooms) :]
        return (*team.rooms, *[room for room in late if await self._outbox.knows(room, incident)])

    async def catch_up(self, incident: str) -> None:
        """Have shown whatever part of an incident is not shown as it stands, in every room that is to show it."""
        if self._outbox is None:
            return
        state = await self.state(incident)
        team = self._teams.team(state.team)
        for language, rooms in team.by_language(await self._rooms(team, incident)).items():
            cards = {slot: await self.draw(incident, slot, language) for slot in views.slots(state)}
            for room in rooms:
                await self._outbox.catch_up(room, incident, cards)

    async def announce(self, team: Team, phrase: Phrase) -> None:
        """Say something that belongs to no incident in the team's rooms, once per wording."""
        if self._outbox is not None:
            for language, rooms in team.by_language(team.rooms).items():
                await self._outbox.announce(rooms, _warning(team, phrase, language))

    async def lose(self, rooms: str, why: Phrase, at: datetime) -> None:
        """A platform takes nothing any more in one room ("platform:room"), or in all of its rooms ("platform:"): say so
        in the other rooms of each team that has it, and let them show what is due there."""
        if self._outbox is None:
            return
        for team in self._teams.all():
            gone = [room for room in team.places if room == rooms or (rooms.endswith(":") and room.startswith(rooms))]
            if not gone:
                continue
            for room in gone:
                self._outbox.lost(room, why)
            left = [room for room in team.rooms if room not in gone] or [r for r in team.places if r not in gone]
            said = Phrase(word="outbox.lost", values={"room": ", ".join(gone), "reason": why})
            for language, there in team.by_language(left).items():
                await self._outbox.announce(there, _warning(team, said, language), f"lost/{rooms}/{at:%Y%m%d%H%M}")

    async def state(self, incident: str) -> Incident:
        """The incident as its timeline stands now; folded once for all rooms that ask, for a timeline only grows."""
        entries = await self._timeline.read(incident)
        known = self._folded.get(incident)
        if known is None or known[0] != len(entries):
            known = len(entries), fold(entries)
            _keep(self._folded, incident, known)
        return known[1]

    async def draw(self, incident: str, slot: str, language: str = "") -> Card | None:
        """The card of this part as it stands now, in the team's language unless another is asked for."""
        state = await self.state(incident)
        team = self._teams.team(state.team)
        return self._card(state, slot, language or team.language, team)

    async def draw_in(self, incident: str, slot: str, room: str) -> Card | None:
        """The same in the language that is spoken in a room."""
        state = await self.state(incident)
        team = self._teams.team(state.team)
        return self._card(state, slot, team.language_of(room), team)

    def _card(self, state: Incident, slot: str, language: str, team: Team) -> Card | None:
        """The card of one state, drawn once in each language, however many rooms it is shown in."""
        key = (state.id, slot, language)
        known = self._drawn.get(key)
        if known is None or known[0] is not state or known[1] != team:
            known = state, team, views.draw(state, slot, Words(language, team.zone), team)
            _keep(self._drawn, key, known)
        card = known[2]
        return self._outbox.explained(slot, card) if self._outbox is not None and card is not None else card


def _keep(table: OrderedDict[K, V], key: K, value: V) -> None:
    table[key] = value
    table.move_to_end(key)
    if len(table) > MOST_KEPT:
        table.popitem(last=False)


def _warning(team: Team, phrase: Phrase, language: str) -> Card:
    words = Words(language, team.zone)
    text = words.say(phrase)
    title = words.text("say.title")
    return Card(title=title, summary=text, tone="warning", blocks=(Prose(text),), language=words.language)
