"""Draws the template cards of WeCom: few words, key facts, and the buttons people press."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from cards.model import Block, Button, Card, Facts, Fold, Link, Prose, Tone
from cards.render.wecom.buttons import LONGEST_LABEL, MOST_BUTTONS, Sorted, label
from cards.render.wecom.safe import address, bare
from cards.words import Words

# All from the official Node types of the AI bot (TemplateCard and its parts).
SOURCE = 13
TITLE = 26
DESCRIPTION = 30
SUBTITLE = 112
KEY_NAME = 5
KEY_VALUE = 26
MOST_PAIRS = 6
MOST_JUMPS = 3
JUMP_TITLE = 13
LONGEST_TASK = 128
"""Bytes of a task id; letters, digits, _ - and @ alone, unique for the bot."""
NOT_IN_TASK = re.compile(r"[^0-9A-Za-z_@-]")

COLORS: dict[Tone, int] = {"neutral": 0, "info": 1, "good": 3, "warning": 2, "bad": 2}
"""0 grey, 1 black, 2 red, 3 green."""
STYLES = {"primary": 1, "plain": 2, "danger": 3}
"""WeCom takes 1 to 4."""


def task_id(incident: str, nonce: str, number: int = 0) -> str:
    """The id of one card: the incident, and what makes it unique."""
    tail = f"@{nonce}" + (f"-{number}" if number else "")
    return NOT_IN_TASK.sub("", incident)[: LONGEST_TASK - len(tail)] + NOT_IN_TASK.sub("", tail)


def cards(card: Card, sorted_buttons: Sorted, public_url: str, task: str, notice: str) -> tuple[dict[str, Any], ...]:
    """One card per six buttons; a card without buttons is a notice that leads to the page."""
    words = Words(card.language)
    rows: Sequence[tuple[tuple[Button, str], ...]] = sorted_buttons.keyed or ((),)
    return tuple(
        _one(card, words, row, _jumps(card, words, sorted_buttons.links, public_url), notice)
        | {"task_id": task_id(card.incident, task, number)}
        | _action(card, public_url)
        for number, row in enumerate(rows)
    )


def _one(
    card: Card, words: Words, row: tuple[tuple[Button, str], ...], jumps: list[dict[str, Any]], notice: str
) -> dict[str, Any]:
    drawn: dict[str, Any] = {
        "card_type": "button_interaction" if row else "text_notice",
        "source": {"desc": bare(card.incident, SOURCE) or "Tocsin", "desc_color": COLORS[card.tone]},
        "main_title": {"title": bare(card.title, TITLE) or "…"} | _description(card),
    }
    if subtitle := bare(notice or _below(card, drawn["main_title"]), SUBTITLE):
        drawn["sub_title_text"] = subtitle
    if pairs := _pairs(card):
        drawn["horizontal_content_list"] = pairs
    if jumps:
        drawn["jump_list"] = jumps
    if row:
        drawn["button_list"] = [
            {"text": bare(label(button, words), LONGEST_LABEL) or "…", "style": STYLES[button.style], "key": key}
            for button, key in row[:MOST_BUTTONS]
        ]
    return drawn


def _description(card: Card) -> dict[str, str]:
    said = card.summary
    for known in (card.title, f"({card.incident})", f"（{card.incident}）", card.incident):
        said = said.replace(known, "") if known else said
    said = bare(said.strip(" ·:：-—.。"), DESCRIPTION)
    return {"desc": said} if said else {}


def _below(card: Card, shown: dict[str, str]) -> str:
    """What stands below the title: the whole of one that was cut, else how things stand where that is not said yet."""
    if len(" ".join(card.title.split())) > TITLE:
        return card.title
    standing = _standing(card)
    return "" if bare(standing, DESCRIPTION) == shown.get("desc") else standing


def _standing(card: Card) -> str:
    """How things stand: what the card says first and strongest."""
    said = (block.text for block in card.blocks if isinstance(block, Prose) and block.text.strip())
    strong = (block.text for block in card.blocks if isinstance(block, Prose) and block.strong and block.text.strip())
    return next(strong, "") or next(said, "") or card.summary


def _pairs(card: Card) -> list[dict[str, Any]]:
    """Facts whose names fit; the others stand in the text."""
    fitting = [(bare(name, KEY_NAME + 1), bare(value, KEY_VALUE)) for name, value in _facts(card.blocks)]
    shown = [(name, value) for name, value in fitting if 0 < len(name) <= KEY_NAME and value]
    return [{"keyname": name, "value": value} for name, value in shown[:MOST_PAIRS]]


def _facts(blocks: Iterable[Block]) -> Iterable[tuple[str, str]]:
    for block in blocks:
        if isinstance(block, Facts):
            yield from block.pairs
        elif isinstance(block, Fold) and block.open:
            yield from _facts(block.blocks)


def _jumps(card: Card, words: Words, links: Iterable[Link], public_url: str) -> list[dict[str, Any]]:
    """Where to go from here, the page of the incident first."""
    page = [Link(words.text("wecom.page"), f"/incidents/{card.incident}")] if card.incident else []
    targets: dict[str, str] = {}
    for item in (*page, *links):
        if url := address(item.href, public_url):
            targets.setdefault(url, bare(item.label, JUMP_TITLE) or "→")
    return [{"type": 1, "title": title, "url": url} for url, title in list(targets.items())[:MOST_JUMPS]]


def _action(card: Card, public_url: str) -> dict[str, Any]:
    """Where a press on the card itself leads; a notice must have one."""
    url = address(f"/incidents/{card.incident}" if card.incident else "/", public_url) or public_url
    return {"card_action": {"type": 1, "url": url}}
