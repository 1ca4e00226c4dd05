"""Draws how an incident's cards look on Slack, Feishu and WeCom, from the payloads that would be sent there.

Chromium paints them in a likeness of each platform: no account and no client of theirs is needed, and none is shown.
"""

import sys
from base64 import b64encode
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image

from cards.model import Card, Chart
from cards.render import feishu, slack, wecom
from cards.render.png import png
from cards.views import draw
from cards.words import Words
from docs import feishu_page, slack_page, wecom_page
from engine.incident import Incident
from engine.team import Team

FOLDER = Path(__file__).parent / "pictures"
LARGEST = 150_000
ADDRESS = "https://tocsin.example"
WIDE = {"slack": 720, "feishu": 720, "wecom": 560}
"""How broad a message is where each is read on a computer."""

FINER = 1.1
"""Pixels of the picture for one of the page: letters stay legible where a reader's screen is a fine one."""

COLORS = 128
"""A card has few colours; a picture that holds no more of them is a third of the size."""


class TooLarge(Exception):
    """A picture is larger than a page of documentation should carry."""


class NothingToShow(Exception):
    """The incident has no cause, or no plan to approve, so its cards would not show what the pages tell of."""


async def draw_chats(chromium: Any, incident: Incident, team: Team) -> None:
    """One picture for each platform of the cause and the plan that waits for approval, and two of the evidence."""
    slots = ("diagnosis", *(f"plan:{plan}" for plan in list(incident.proposals)[-1:]))
    english, chinese = told(incident, team, "en", slots), told(incident, team, "zh", slots)
    pages = {
        "slack-card": on_slack(english),
        "feishu-card": on_feishu(chinese),
        "wecom-card": on_wecom(chinese),
        "slack-evidence": on_slack(told(incident, team, "en", ("evidence",))),
        "feishu-evidence": on_feishu(told(incident, team, "zh", ("evidence",))),
    }
    for name, page in pages.items():
        await _paint(chromium, page, WIDE[name.partition("-")[0]], FOLDER / f"{name}.png")


def told(incident: Incident, team: Team, language: str, slots: Sequence[str]) -> list[Card]:
    """The cards in these slots. NothingToShow where one is missing."""
    cards = [card for slot in slots if (card := draw(incident, slot, Words(language), team))]
    if len(cards) < len(slots) or not incident.proposals:
        raise NothingToShow(f"{incident.id} has {len(cards)} cards of {', '.join(slots)}.")
    return cards


def on_slack(cards: list[Card]) -> str:
    """A page of the messages as chat.postMessage takes them, and of the pictures uploaded for them."""
    files: dict[str, str] = {}
    payloads = []
    for card in cards:
        pictures = {number: f"F{len(files) + number}" for number in range(len(slack.charts(card)))}
        files |= {pictures[number]: _address(chart, card.language) for number, chart in enumerate(slack.charts(card))}
        payloads.append(slack.message(card, slack.Stage(ADDRESS, unsealed, pictures)).payload)
    return slack_page.page(payloads, files)


def _address(chart: Chart, language: str) -> str:
    """The picture that would be uploaded, as an address that holds it."""
    return f"data:image/png;base64,{b64encode(png(chart, language)).decode()}"


def on_feishu(cards: list[Card]) -> str:
    """A page of the cards as they are sent, in one language."""
    stage = feishu.Stage(ADDRESS, unsealed)
    return feishu_page.page([feishu.card({card.language: card}, stage).document for card in cards])


def on_wecom(cards: list[Card]) -> str:
    """A page of the markdown messages, and of the template cards with the buttons."""
    drawn = [wecom.render(card, wecom.Stage(unsealed, ADDRESS, "card")) for card in cards]
    messages: list[str | Mapping[str, Any]] = []
    for each in drawn:
        messages += [each.markdown, *each.templates]
    return wecom_page.page(messages)


def unsealed(action: str, value: Mapping[str, str]) -> str:
    """What a button carries. It is not drawn, so that it need not be sealed."""
    return " ".join((action, *(f"{name}={value[name]}" for name in sorted(value))))


async def _paint(chromium: Any, page: str, wide: int, path: Path) -> None:
    """A picture of all of the page."""
    context = await chromium.new_context(viewport={"width": wide, "height": 200}, device_scale_factor=FINER)
    try:
        sheet = await context.new_page()
        await sheet.set_content(page)
        taken = await sheet.screenshot(full_page=True, animations="disabled")
    finally:
        await context.close()
    _keep(taken, path)


def _keep(taken: bytes, path: Path) -> None:
    """Write it with few colours. TooLarge beyond 150 KB."""
    with Image.open(BytesIO(taken)) as picture:
        picture.convert("RGB").quantize(COLORS).save(path, optimize=True)
    size = path.stat().st_size
    sys.stdout.write(f"{path.name}: {size // 1000} KB\n")
    if size > LARGEST:
        raise TooLarge(f"{path.name} has {size} bytes; at most {LARGEST} are meant for the documentation.")
