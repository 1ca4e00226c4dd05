"""Draws a card for WeCom: one markdown message that says everything, and template cards that carry the buttons."""

from dataclasses import dataclass
from itertools import chain
from typing import Any

from cards.model import Addressee, Block, Card, Chart, Facts, Fold, Prose
from cards.render.wecom.buttons import Close, sort
from cards.render.wecom.markdown import COLORS, Pen, colored, link, piece, size, squeezed, told
from cards.render.wecom.safe import address, line, mention
from cards.render.wecom.template import cards as template_cards
from cards.render.wecom.template import task_id
from cards.words import Words

__all__ = ["LONGEST_MARKDOWN", "Drawn", "Stage", "render", "task_id"]

LONGEST_MARKDOWN = 20_480
"""Bytes of a markdown message or stream (official Node types)."""
APPROVALS = 5
"""One part in so many is kept free for approvals whose key fits no button; they are told as commands."""
PAGE = 16
"""The title of a short message has at most one part in so many."""
MOST_PICTURES = 2
"""Charts sent as pictures beside one card: each is a message, and a chat takes 30 a minute."""
TITLE = 200
NAME, MOST_CALLED = 40, 5


@dataclass(frozen=True)
class Stage:
    """What drawing needs from outside: how buttons are sealed, where the pages are, what makes the task id unique,
    what is to be said on the buttons' card instead of how things stand, how many bytes a text may have, and whether it
    may mention people."""

    close: Close
    public_url: str
    task: str
    notice: str = ""
    longest: int = LONGEST_MARKDOWN
    mentions: bool = True


@dataclass(frozen=True)
class Drawn:
    """`markdown` is a message of its own; `templates` are button cards, none where there is nothing to press; `compact`
    is one card that says how things stand, with the buttons if there are any; `charts` are wanted as pictures."""

    markdown: str
    templates: tuple[dict[str, Any], ...]
    compact: tuple[dict[str, Any], ...]
    charts: tuple[Chart, ...] = ()
    shed: tuple[str, ...] = ()


def render(card: Card, stage: Stage) -> Drawn:
    """The card within WeCom's limits. What had to be left out is named in `shed` and stands on the page the text links
    to; approval buttons are never left out."""
    buttons = sort(card, stage.close)
    compact = template_cards(card, buttons, stage.public_url, stage.task, stage.notice)
    charts = _charts(card.blocks)
    shed = [f"picture: {chart.title[:40]}" for chart in charts[MOST_PICTURES:]]
    markdown, more = _markdown(card, Pen(stage.public_url, card.tone, buttons), stage, bool(shed))
    return Drawn(markdown, compact if buttons.keyed else (), compact, charts[:MOST_PICTURES], (*shed, *more))


def _markdown(card: Card, pen: Pen, stage: Stage, pictures_shed: bool) -> tuple[str, tuple[str, ...]]:
    """The text. What is said strongly (how things stand, what came of it, what to do next) gets its room before all
    else, wherever it stands on the card, so that no length of what comes before can push it out."""
    longest = stage.longest
    head = (*_head(card, min(TITLE, longest // PAGE)), *_named(card.to[:MOST_CALLED], stage.mentions))
    approvals = _fitting(tuple(told(button) for button in pen.buttons.typed_approvals), longest // APPROVALS)
    left = longest - size((*head, *approvals, *_tail(card, pen, (), shed=True)))
    pieces = [piece(block, pen) for block in card.blocks]
    kept: dict[int, tuple[str, ...]] = {}
    for at in sorted(range(len(pieces)), key=lambda at: not _is_strong(card.blocks[at])):
        kept[at] = _fitting(pieces[at].lines, left)
        if len(kept[at]) < len(pieces[at].lines) and isinstance(block := card.blocks[at], Facts):
            kept[at] = squeezed(block, left) or kept[at]
        left -= size(kept[at])
    shed = [*chain.from_iterable(drawn.shed for drawn in pieces)]
    shed += [type(card.blocks[at]).__name__.lower() for at, drawn in enumerate(pieces) if kept[at] != drawn.lines]
    body = tuple(chain.from_iterable(kept[at] for at in range(len(pieces))))
    tail = _tail(card, pen, body, shed=bool(shed) or pictures_shed)
    return "\n".join((*head, *body, *approvals, *tail)), tuple(shed)


def _is_strong(block: Block) -> bool:
    return isinstance(block, Prose) and block.strong


def _head(card: Card, longest: int) -> tuple[str, ...]:
    """The title, and always the incident: it is what binds an answer to it where there are no threads."""
    title = line(card.title[:longest]) or line(card.summary[:longest]) or "…"
    mark = colored("■", COLORS[card.tone])
    incident = line(card.incident[:longest])
    return (f"### {mark} {title}", *((colored(incident, "comment"),) if incident else ()))


def _named(to: tuple[Addressee, ...], mentions: bool) -> tuple[str, ...]:
    """Whom the card calls: so that they are told, else by name."""
    accounts = [mention(person.accounts.get("wecom", "")) if mentions else "" for person in to]
    named = [account or line(f"@{person.name}"[:NAME]) for account, person in zip(accounts, to, strict=True)]
    return (" ".join(named),) if named else ()


def _tail(card: Card, pen: Pen, kept: tuple[str, ...], *, shed: bool) -> tuple[str, ...]:
    """The link to the page, unless it stands there already."""
    page = f"/incidents/{card.incident}"
    target = address(page, pen.public_url)
    if not card.incident or not target or any(f"]({target})" in text for text in kept):
        return ()
    return (link(Words(card.language).text("wecom.more" if shed else "wecom.page"), page, pen),)


def _fitting(lines: tuple[str, ...], room: int) -> tuple[str, ...]:
    """The first lines that fit into this many bytes."""
    for count, text in enumerate(lines):
        room -= size((text,))
        if room < 0:
            return lines[:count]
    return lines


def _charts(blocks: tuple[Block, ...]) -> tuple[Chart, ...]:
    """The charts that are to be seen at once; those in closed folds are on the page."""
    return tuple(
        chain.from_iterable(
            (block,) if isinstance(block, Chart) else _charts(block.blocks)
            for block in blocks
            if isinstance(block, Chart) or (isinstance(block, Fold) and block.open)
        )
    )
