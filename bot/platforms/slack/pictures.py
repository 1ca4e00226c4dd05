"""Makes pictures of charts and lends them to Slack, each one once."""

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from bot.platforms.slack.api import Api
from cards.model import Chart
from engine.errors import PlatformBusy, PlatformError

log = logging.getLogger("tocsin.slack")

MOST = 500
Paint = Callable[[Chart, str], bytes]
"""A chart and a language → a PNG."""


def paint(chart: Chart, language: str) -> bytes:
    """A chart as PNG; what paints is imported with the first one."""
    painted: bytes = import_module("cards.render.png").png(chart, language)
    return painted


class Pictures:
    """Uploaded pictures by what they show."""

    def __init__(self, api: Api, paint: Paint = paint) -> None:
        self._api = api
        self._paint = paint
        self._known: OrderedDict[str, str] = OrderedDict()
        self._refused = find_spec("PIL") is None

    async def of(self, charts: tuple[Chart, ...], language: str) -> dict[int, str]:
        """The file of each chart, by its number. One that cannot be uploaded is left out: its bars stand in the text.
        PlatformBusy passes through."""
        found: dict[int, str] = {}
        for number, chart in enumerate(charts):
            name = hashlib.sha256(f"{language} {chart}".encode()).hexdigest()
            if name not in self._known and not self._refused:
                await self._lend(name, chart, language)
            if name in self._known:
                found[number] = self._known[name]
        return found

    async def _lend(self, name: str, chart: Chart, language: str) -> None:
        if not chart.points:
            return
        content = await asyncio.to_thread(self._paint, chart, language)
        try:
            self._known[name] = await self._api.upload(f"chart-{name[:12]}.png", content)
        except PlatformBusy:
            raise
        except PlatformError as error:
            # A missing permission does not come back by asking again for each chart.
            self._refused = True
            log.warning("charts are drawn as text, because Slack does not take pictures: %s", error)
        if len(self._known) > MOST:
            self._known.popitem(last=False)
