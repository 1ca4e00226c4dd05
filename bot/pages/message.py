"""Draws one message of a room: a card of the bot, or what a person said; the same for page and stream."""

import htpy as h

from bot.pages.call import Call
from bot.pages.frame import draw_id, markup, moment
from bot.platforms.console import AUTHOR
from cards.model import Card, Prose
from cards.render import html, text
from store.rooms import Message


async def draw(call: Call, message: Message, *, in_list: bool = False) -> h.Element:
    """The message with a place below it for answers; `in_list` links to its thread."""
    card = await call.pages.console.card(message, call.language) if is_card(message) else None
    name = "Tocsin" if card else str(message.body.get("name") or message.author)
    mine = card is None and call.account is not None and call.account.id == message.author
    style = "message by-bot" if card else "message by-me" if mine else "message by-person"
    inside = card_of(call, card, message) if card else said(str(message.body.get("text", "")))
    return h.article(id=f"m-{message.id}", class_=style, data_revision=str(message.revision))[
        h.p(class_="message-head")[
            h.span(class_="message-author")[name],
            " ",
            moment(message.at),
            [" ", _open(call, message)] if in_list else None,
        ],
        h.div(class_="swap")[inside],
        h.div(class_="answer", aria_live="polite"),
    ]


def is_card(message: Message) -> bool:
    """Whether the bot wrote this."""
    return message.author == AUTHOR and "card" in message.body


def card_of(call: Call, card: Card, message: Message) -> h.Node:
    """The card with forms that know where they stand."""
    thread = str(message.thread or message.id)
    return drawn(call, card, message.room, thread)


def drawn(call: Call, card: Card, room: str, thread: str, back: str = "") -> h.Node:
    """A card on any page; `back` is where a browser without script goes after pressing."""
    hidden = {"id": draw_id(), "room": room, "thread": thread, "back": back or call.request.path_qs}
    if not back and room and thread and not call.request.path.startswith("/incidents/"):
        hidden["back"] = f"/rooms/{room}/threads/{thread}"
    done = html.render(card, csrf=call.csrf, action_url="/act", can_act=call.account is not None, hidden=hidden)
    return markup(done.body)


def said(words: str) -> h.Element:
    """What a person typed, line by line."""
    return h.p(class_="said")[words]


async def plain(call: Call, message: Message) -> dict[str, object]:
    """The message for a terminal: {id, revision, thread, author, at, text}."""
    if is_card(message):
        card = await call.pages.console.card(message, call.language)
        name, body = "Tocsin", as_text(card)
    else:
        name, body = str(message.body.get("name") or message.author), str(message.body.get("text", ""))
    return {
        "id": message.id,
        "revision": message.revision,
        "thread": message.thread,
        "author": name,
        "card": is_card(message),
        "at": message.at.isoformat(),
        "text": body,
    }


def as_text(card: Card) -> str:
    """A card for a terminal."""
    return text.render(card, folded=text.FOLDED).body


def status_bar(card: Card) -> h.Element:
    """The state of a thread in one line: its tone, its title, and the first strong sentence of its header."""
    state = next((block.text for block in card.blocks if isinstance(block, Prose) and block.strong), "")
    return h.div(id="status", class_=f"status tone-{card.tone}")[
        h.span(class_="status-dot", aria_hidden="true"),
        h.strong(class_="status-title")[card.title],
        " ",
        h.span(class_="status-state")[state],
    ]


def _open(call: Call, message: Message) -> h.Element:
    return h.a(class_="open-thread", href=f"/rooms/{message.room}/threads/{message.id}")[call.text("web.open_thread")]
