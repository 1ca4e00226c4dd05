"""Knows what Slack tells of a person: name and language; asked once an hour at most."""

import asyncio
import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.platforms.slack.api import Api
from bot.platforms.slack.payload import part, text
from engine.errors import PlatformError
from engine.ports import Clock

log = logging.getLogger("tocsin.slack")

FRESH = timedelta(hours=1)
AGAIN = timedelta(minutes=1)
"""Until somebody Slack did not name is asked for once more."""
PATIENCE = 1.0
"""Seconds that finding out a name may take from the three an answer has."""
MOST = 5_000


@dataclass(frozen=True)
class Person:
    """`language` is "zh" or "en", "" where Slack does not say. Times Slack shows in each reader's zone by itself."""

    name: str = ""
    language: str = ""


class People:
    """People by their Slack id."""

    def __init__(self, api: Api, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._known: OrderedDict[str, tuple[datetime, Person]] = OrderedDict()
        self._asking: dict[str, asyncio.Lock] = {}

    async def person(self, id: str) -> Person:
        """Who this is; somebody without a name where Slack does not say in time."""
        async with self._asking.setdefault(id, asyncio.Lock()):
            until, known = self._known.get(id, (None, Person()))
            if until is None or self._clock.now() >= until:
                known = await self._ask(id, known)
        self._asking.pop(id, None)
        return known

    async def _ask(self, id: str, known: Person) -> Person:
        fresh = FRESH
        try:
            async with asyncio.timeout(PATIENCE):
                told = part(await self._api.ask("users.info", user=id, include_locale=True), "user")
        except (PlatformError, TimeoutError) as error:
            log.info("Slack does not say who %s is: %s", id[:20], error)
            fresh = AGAIN
        else:
            name = text(told, "profile", "display_name") or text(told, "real_name") or text(told, "name")
            known = Person(name[:80], _language(text(told, "locale")))
        self._known[id] = self._clock.now() + fresh, known
        if len(self._known) > MOST:
            self._known.popitem(last=False)
        return known


def _language(locale: str) -> str:
    if not locale:
        return ""
    return "zh" if locale.lower().startswith("zh") else "en"
