"""Keeps cards of teams in their rooms that belong to no incident: live cards edited in place, digests posted once."""

from collections.abc import Awaitable, Callable, Sequence

from bot.outbox import Draw, Outbox
from bot.stand_in import Elsewhere
from cards.model import Card
from engine.team import Team
from store.rooms import Posts

BOARD = "board/"
"""What a post of no incident stands under in the store, instead of an incident's id: board/<team>/<name>."""
SLOT = "header"
"""A card on the board is the first message of its own thread."""
MOST_KEPT = 200

Redraw = Callable[[str, str, str], Awaitable[Card | None]]
"""(team, name, room) → the card as it would be drawn anew; None where only the moment could draw it."""


def hangs_on_board(incident: str) -> bool:
    """Whether this is no incident, but a card on a board."""
    return incident.startswith(BOARD)


class Board:
    """Implements handlers.board.Board over the outbox, which sends in order, paced, again after an outage, and knows
    its own message by the key. A card is held until it is sent; after a restart it is drawn anew, or left as it is."""

    def __init__(self, posts: Posts) -> None:
        self._posts = posts
        self._redraw: Redraw | None = None
        self._cards: dict[tuple[str, str], Card] = {}
        self._outbox: Outbox | None = None

    def send_through(self, outbox: Outbox) -> None:
        """Say where cards go out; the outbox itself needs `drawing`."""
        self._outbox = outbox

    def draw_anew(self, redraw: Redraw) -> None:
        """Say who draws what no longer is held; whoever knows needs the board itself."""
        self._redraw = redraw

    def drawing(self, others: Draw) -> Draw:
        """The drawing of cards on boards, and by `others` of everything else."""

        async def draw(incident: str, slot: str, room: str) -> Card | None:
            return await self.draw(incident, room) if hangs_on_board(incident) else await others(incident, slot, room)

        return draw

    def elsewhere(self, others: Elsewhere) -> Elsewhere:
        """The rooms that may stand in for one that stays away: none for cards on boards, which the team's other rooms
        have of their own where they want them."""

        async def rooms(incident: str) -> Sequence[str]:
            return () if hangs_on_board(incident) else await others(incident)

        return rooms

    async def draw(self, post: str, room: str) -> Card | None:
        """The card of a post as it was last hung in this room, else drawn anew."""
        if (post, room) in self._cards:
            return self._cards[post, room]
        team, _, name = post.removeprefix(BOARD).partition("/")
        return await self._redraw(team, name, room) if self._redraw is not None else None

    async def hang(self, team: Team, room: str, name: str, card: Card) -> bool:
        """See to it that this card hangs in the room under this name; whether one did before."""
        post = f"{BOARD}{team.id}/{name}"
        self._cards.pop((post, room), None)
        self._cards[post, room] = card
        while len(self._cards) > MOST_KEPT:
            self._cards.pop(next(iter(self._cards)))
        before = any(known.room == room for known in await self._posts.of(post))
        if self._outbox is not None:
            await self._outbox.want(room, post, (SLOT,))
        return before

    async def once(self, team: Team, name: str, rooms: Sequence[str]) -> tuple[str, ...]:
        """Have a card drawn and posted under this name in each of these rooms where none ever was; the rooms."""
        post = f"{BOARD}{team.id}/{name}"
        known = {each.room for each in await self._posts.of(post)}
        fresh = tuple(room for room in rooms if room not in known)
        if self._outbox is None:
            return ()
        for room in fresh:
            await self._outbox.want(room, post, (SLOT,))
        return fresh
