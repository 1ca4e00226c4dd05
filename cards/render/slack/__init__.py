"""Draws a card for Slack: the payload of a message, a form as a modal, the home tab; everything escaped and bounded.

What data says goes into rich text and plain text, which Slack never parses; its markup holds only what is ours.
"""

import json
from collections.abc import Iterable, Sequence
from hashlib import sha256

from cards.model import Addressee, Ask, Block, Buttons, Card, Change, Chart, Fold, Log, Prose, Table, Tone
from cards.render.slack import blocks, limits, rich, rows
from cards.render.slack.fit import fit
from cards.render.slack.forms import FORM, errors, modal, typed
from cards.render.slack.stage import Drawn, Scene, Stage
from cards.render.slack.wording import MOST_CALLED, Json, account_of, fallback, label, mentions, one_line
from cards.words import Words

__all__ = [
    "FORM",
    "MORE",
    "OPEN",
    "PRESS",
    "Drawn",
    "Stage",
    "charts",
    "ephemeral",
    "errors",
    "home",
    "message",
    "modal",
    "typed",
]

PRESS, OPEN, MORE = rows.PRESS, rows.OPEN, rows.MORE
COLORS: dict[Tone, str] = {
    "neutral": "#8D8D8D",
    "info": "#1D9BD1",
    "good": "#2EB67D",
    "warning": "#E8912D",
    "bad": "#D72B3F",
}
BULKY = (Chart, Table, Log, Fold)
"""What may be long: Slack closes a long attachment, so whoever must press something finds it above these."""
MOST_CARDS = 20
"""Cards on a home tab."""


def message(card: Card, stage: Stage) -> Drawn:
    """The parts of chat.postMessage and chat.update. The title and whom it calls stand in `blocks`, for nobody is told
    whom an attachment mentions; all else in `attachments` beside the colour of its tone. Block ids change with every
    change of the card and with nothing else."""
    if card.plain:
        return Drawn(_plainly(card, stage), (), ())
    scene = Scene(stage, card.incident, card.language)
    title, called = _title(card), _called(card.to)
    above = 1 + len(called)
    room = limits.MESSAGE_BLOCKS - above
    drawn, shed = fit(scene, blocks.pieces(scene, _ordered(card.blocks)), room, limits.MESSAGE_WEIGHT)
    said = fallback(card.summary or card.title)
    text = " ".join((*mentions(card.to), said))
    below = [piece.block for piece in drawn]
    digest = _digest((text, card.tone, title, [*called, *below]))
    named = rows.numbered([title, *called, *below], digest)
    attachments = [
        {"color": COLORS[card.tone], "fallback": said, "blocks": named[at : at + limits.ATTACHMENT_BLOCKS]}
        for at in range(above, len(named), limits.ATTACHMENT_BLOCKS)
    ]
    return Drawn(text, tuple(named[:above]), tuple(attachments), shed)


def charts(card: Card) -> tuple[Chart, ...]:
    """The charts that stand open on this card: those worth a picture. `Stage.pictures` numbers them in this order."""
    return tuple(blocks.charts(_ordered(card.blocks)))


def home(cards: Sequence[Card], stage: Stage) -> Json:
    """The view for views.publish: the cards one below the other, or a word of peace where there are none."""
    found: list[Json] = []
    many = max(min(len(cards), MOST_CARDS), 1)
    room, weight = (limits.VIEW_BLOCKS - 2) // many, limits.VIEW_WEIGHT // many
    for card in cards[:MOST_CARDS]:
        scene = Scene(stage, card.incident, card.language, in_view=True)
        below, _ = fit(scene, blocks.pieces(scene, _ordered(card.blocks)), room - 2, weight)
        found += [_title(card), *(piece.block for piece in below), {"type": "divider"}]
    words = Words(stage.language)
    if not cards:
        found.append(rich.block(rich.line(rich.run(words.text("web.no_incidents")))))
    elif len(cards) > MOST_CARDS:
        found.append(rich.block(rich.line(rich.link(stage.page(""), words.text("slack_card.all")))))
    return {"type": "home", "blocks": rows.numbered(found[: limits.VIEW_BLOCKS], _digest(found))}


def ephemeral(words: str) -> dict[str, object]:
    """A word to one person, already in their language: the parts of chat.postEphemeral, or of a response_url."""
    said = rich.block(rich.line(rich.run(words)))
    return {"text": fallback(words), "blocks": rows.numbered([said], _digest(said))}


def _plainly(card: Card, stage: Stage) -> str:
    """The sentences of a card as one text without a block, and where the rest is."""
    said = (card.title, *(block.text for block in card.blocks if isinstance(block, Prose)))
    return " · ".join((*map(fallback, said), f"<{stage.page(card.incident)}>"))


def _title(card: Card) -> Json:
    return {"type": "header", "text": label(card.title, limits.HEADER)}


def _called(to: Sequence[Addressee]) -> list[Json]:
    """The line that names whom a card calls; none where it calls nobody."""
    runs: list[Json] = []
    for person in to[:MOST_CALLED]:
        account = account_of(person)
        named = rich.user(account) if account else rich.run(f"@{one_line(person.name, limits.LABEL)}")
        runs += [rich.gap(" "), named]
    return [rich.block(rich.line(*runs[1:]))] if runs else []


def _digest(drawn: object) -> str:
    return sha256(json.dumps(drawn, sort_keys=True).encode()).hexdigest()[:12]


def _ordered(found: Iterable[Block]) -> list[Block]:
    """The blocks with what decides moved above what is long: questions, rows of approval with all that would be
    executed, and the card's own last row."""
    known = list(found)
    first = next((at for at, block in enumerate(known) if isinstance(block, BULKY)), len(known))
    lead, later = known[:first], known[first:]
    approving = any(isinstance(block, Ask) or (isinstance(block, Buttons) and block.approval) for block in later)
    last = max((at for at, block in enumerate(later) if isinstance(block, Buttons)), default=-1)

    def rises(at: int, block: Block) -> bool:
        if isinstance(block, Buttons):
            return block.approval or at == last
        return isinstance(block, Ask) or (approving and isinstance(block, Change))

    risen = [block for at, block in enumerate(later) if rises(at, block)]
    return [*lead, *risen, *(block for at, block in enumerate(later) if not rises(at, block))]
