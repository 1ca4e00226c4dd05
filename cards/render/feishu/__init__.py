"""Draws a card as Feishu's Card JSON 2.0: one document that shows each reader the card in their own language.

Everything here is pure. What is sent is `wire(document)`: in that form the sizes were counted.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cards.model import Addressee, Ask, Card, Steps, Tone
from cards.render.drawing import called
from cards.render.feishu.elements import LOCALES, Element, Tongues, elements_in, size, wire
from cards.render.feishu.inquiry import answers, asked
from cards.render.feishu.markup import colored, line, link, mention, plain
from cards.render.feishu.pen import Pen, Stage, Unlike
from cards.render.feishu.thrift import LARGEST, MOST_ELEMENTS, ORDER, SPARE, Thrift
from cards.words import Words

TEMPLATES: dict[Tone, str] = {"neutral": "grey", "info": "blue", "good": "green", "warning": "orange", "bad": "red"}
TAGS: dict[Tone, str] = {
    "neutral": "neutral",
    "info": "blue",
    "good": "green",
    "warning": "orange",
    "bad": "red",
}
NAME, MOST_CALLED = 40, 5
TITLE, TAG, SUMMARY, SAID = 120, 30, 120, 200
"""Characters of a title, of a tag beside it, of the line in the list of chats, and of a toast."""
SEVERITY = re.compile(r"^(P\d|SEV-?\d)\s*·\s*")
TOASTS: dict[str, str] = {"ok": "success", "refused": "error", "quiet": "info"}

__all__ = ["Drawn", "Stage", "answers", "card", "form", "outdated", "toast", "wire"]


@dataclass(frozen=True)
class Drawn:
    """A document of Card JSON 2.0, and the names of what had to be left out for Feishu's limits."""

    document: dict[str, Any]
    shed: tuple[str, ...] = ()


def card(cards: Mapping[str, Card], stage: Stage) -> Drawn:
    """The card of one or more languages ("zh", "en") as one document; the first language is for everybody who reads
    none of them. Cards that are not made alike are drawn in the first language alone."""
    try:
        return _fitting(cards, stage)
    except Unlike:
        first = next(iter(cards))
        return _fitting({first: cards[first]}, stage)


def form(ask: Ask, stage: Stage) -> dict[str, Any]:
    """One question alone, as a card with a form, in the language it was asked in. What comes back goes through
    `answers`."""
    tongues = Tongues([""])
    header = {"title": tongues.plain([plain(ask.submit, TITLE)]), "template": "orange"}
    return _document(tongues, ask.question, header, asked([ask], tongues, stage.close, 0))


def toast(tone: Literal["ok", "refused", "quiet"], said: Mapping[str, str]) -> dict[str, Any]:
    """The short answer to a press, in each language."""
    texts = {language: plain(text, SAID) for language, text in said.items()}
    shown = {"type": TOASTS[tone], "content": next(iter(texts.values()))}
    if len(texts) == 1:
        return {"toast": shown}
    return {"toast": shown | {"i18n": {LOCALES[language]: text for language, text in texts.items()}}}


def outdated(cards: Mapping[str, Card], stage: Stage) -> Drawn:
    """What stands where a card was that has been posted again: its title, that it is old, and where the new one is."""
    tongues = Tongues(list(cards))
    words = [Words(language) for language in cards]
    tag = _tag(tongues, [each.text("feishu.outdated_tag") for each in words], "neutral")
    header = {
        "title": tongues.plain([plain(each.title, TITLE) for each in cards.values()]),
        "text_tag_list": [tag],
        "template": "grey",
    }
    said = tongues.markdown([each.text("feishu.outdated") for each in words])
    return Drawn(_document(tongues, _summary(cards), header, [*said, *_footer(Pen(stage, cards, ORDER[0]), ())]))


def _fitting(cards: Mapping[str, Card], stage: Stage) -> Drawn:
    """The richest drawing that fits, or the poorest there is. Each step of the order makes a card smaller, so that the
    first step that fits is found by halving: a card with far too much in it must not hold up the loop."""
    richest = _drawn(cards, stage, ORDER[0])
    if _fits(richest):
        return richest
    low, high, best = 1, len(ORDER) - 1, _drawn(cards, stage, ORDER[-1])
    while low < high:
        middle = (low + high) // 2
        drawn = _drawn(cards, stage, ORDER[middle])
        if _fits(drawn):
            high, best = middle, drawn
        else:
            low = middle + 1
    return best


def _fits(drawn: Drawn) -> bool:
    document = drawn.document
    return size(document) <= LARGEST - SPARE and elements_in(document) <= MOST_ELEMENTS


def _drawn(cards: Mapping[str, Card], stage: Stage, thrift: Thrift) -> Drawn:
    pen = Pen(stage, cards, thrift)
    to = next(iter(cards.values())).to[:MOST_CALLED]
    body = pen.tongues.markdown([_named(to)] * len(cards)) + pen.elements([each.blocks for each in cards.values()])
    shed = tuple(pen.shed)
    body += _footer(pen, shed)
    return Drawn(_document(pen.tongues, _summary(cards), _header(cards, pen.tongues), body), shed)


def _document(tongues: Tongues, summary: str, header: Element, body: list[Element]) -> dict[str, Any]:
    config: Element = {"update_multi": True, "width_mode": "fill"}
    if len(tongues.locales) > 1:
        config["locales"] = list(tongues.locales)
    # Whether the summary takes languages is told both ways by those who tried, so it says all of them in one line.
    config["summary"] = {"content": plain(summary, SUMMARY) or "–"}
    nothing: list[Element] = [{"tag": "markdown", "content": "–"}]
    return {
        "schema": "2.0",
        "config": config,
        "header": header,
        "body": {"direction": "vertical", "vertical_spacing": "8px", "elements": body or nothing},
    }


def _named(to: Sequence[Addressee]) -> str:
    """Whom the card calls: so that they are told, else by name."""
    return " ".join(mention(each.accounts.get("feishu", "")) or line(f"@{each.name}", NAME) for each in to)


def _summary(cards: Mapping[str, Card]) -> str:
    to = next(iter(cards.values())).to[:MOST_CALLED]
    said = [plain(each.summary or each.title, SUMMARY // len(cards)) for each in cards.values()]
    return " ".join(part for part in (plain(called(to), TITLE), " / ".join(dict.fromkeys(said))) if part)


def _header(cards: Mapping[str, Card], tongues: Tongues) -> Element:
    """The title, coloured by its tone, with at most three tags: severity, where the incident stands, its id."""
    every = list(cards.values())
    first = every[0]
    severity = SEVERITY.match(first.title)
    tags: list[Element] = []
    if severity:
        tags.append(_tag(tongues, [severity[1]] * len(every), TAGS[first.tone]))
    current = [_current(each) for each in every]
    if all(current):
        tags.append(_tag(tongues, current, "blue"))
    if first.incident:
        tags.append(_tag(tongues, [plain(first.incident, TAG)] * len(every), "neutral"))
    titles = [plain(SEVERITY.sub("", each.title) if severity else each.title, TITLE) for each in every]
    header: Element = {"title": tongues.plain(titles), "template": TEMPLATES[first.tone]}
    return header | {"text_tag_list": tags} if tags else header


def _tag(tongues: Tongues, said: Sequence[str], color: str) -> Element:
    return {"tag": "text_tag", "text": tongues.plain([plain(words, TAG) for words in said]), "color": color}


def _current(shown: Card) -> str:
    """The step that is under way or failed; "" for none."""
    steps = [step for block in shown.blocks if isinstance(block, Steps) for step in block.steps]
    return next((plain(step.text, TAG) for step in steps if step.state in ("running", "failed")), "")


def _footer(pen: Pen, shed: Sequence[str]) -> list[Element]:
    """The link to the page that has all of it, and a word where this card has not."""
    if not pen.page and not shed:
        return []
    page = (pen.href(pen.page) if pen.page else "") or pen.href("/")
    named = colored("grey", line(pen.page.rpartition("/")[2], TAG))
    labels = [words.text("feishu.more" if shed else "feishu.page") for words in pen.words]
    said = [" · ".join(part for part in (named, link(label, page)) if part) for label in labels]
    return pen.tongues.markdown(said, text_size="notation")
