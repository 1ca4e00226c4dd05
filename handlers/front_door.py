"""Lets everything in: dedupes, finds out who may do this, writes it down and answers at once."""

from collections.abc import Sequence

from engine.ports import Sighting
from handlers import buttons, changes, commands, forms, messages, reactions
from handlers.changes import Taken
from handlers.inbound import (
    AlertReceived,
    Answer,
    ButtonPressed,
    CommandTyped,
    FormSent,
    ImageShared,
    Inbound,
    MessageSaid,
    ReactionAdded,
)
from handlers.receiver import Receiver
from handlers.visit import QUIET, SAID, House, Personal, Visit, enter, no
from store.rooms import Seen


class FrontDoor:
    """The one way in, for every platform.

    **Delivered twice.** Every effect is written under a key that the event's id or the decision itself determines, and
    the first write of a key wins; so an event may be worked on again, but has at most one effect. That an event was
    seen is remembered *before* its effect, and a repetition is still let through to decisions and constraints: had the
    process died in between, the word of a person would otherwise be lost. Everything else is answered with silence.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._receiver = Receiver(house)

    async def receive(self, event: Inbound) -> Answer:
        """Take in one event. UnreadableAlert, UnknownName (a format nobody knows) and StoreError pass through."""
        if isinstance(event, AlertReceived):
            return await self._receiver.take(event)
        visit = await enter(self._house, event)
        if isinstance(visit, Answer):
            return visit
        first = await first_time(self._house.seen, event)
        return visit.addressed(await self._personal(Visit(**{**vars(visit), "again": not first}), event))

    async def _personal(self, visit: Visit, event: Personal) -> Answer:
        match event:
            case ButtonPressed():
                return await buttons.press(visit, event.action, event.value)
            case FormSent():
                return await forms.send(visit, event)
            case MessageSaid():
                return await messages.hear(visit, event)
            case CommandTyped():
                return (
                    QUIET
                    if visit.again
                    else await commands.obey(visit, event.text[:SAID], addressed=True, explicit=True)
                )
            case ReactionAdded():
                return await reactions.react(visit, event)
            case ImageShared():
                return no("error.no_images_yet", name=event.name[:80])

    async def note_changes(self, body: bytes, team: str) -> Taken:
        """Keep what a CI or a person says was changed. UnreadableAlert and StoreError pass through."""
        return await changes.take(self._house, body, team)

    async def place_admitted(self, most: int) -> int:
        """Place the oldest calls that were only admitted, at most so many; returns how many there were."""
        return await self._receiver.place_admitted(most)

    async def place_all_admitted(self) -> None:
        """Place every call that was only admitted."""
        await self._receiver.place_all_admitted()

    async def sight(self, sightings: Sequence[Sighting], source: str) -> tuple[str, ...]:
        """Take in alerts that this process raises itself. Returns the incidents they belong to."""
        return await self._receiver.sight(sightings, source)

    async def look_for_silence(self) -> tuple[str, ...]:
        """Open an incident for each heartbeat that stays away; to be called every so often. Returns the incidents."""
        return await self._receiver.look_for_silence()

    async def count_refusals(self) -> None:
        """Write down how many requests were refused besides those written one by one; to be called every so often."""
        await self._house.refusals.count(self._house.timeline, self._house.clock.now())


async def first_time(seen: Seen, event: Personal) -> bool:
    """Whether this event was never delivered before; ids are unique per platform."""
    return await seen.first(event.at.platform, event.id)
