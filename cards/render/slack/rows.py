"""Draws rows of buttons and links: what fits in the open, the rest in a menu, a question as the button to its form."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from cards import moments
from cards.model import Ask, Button, Buttons, Link
from cards.render.slack import limits, rich
from cards.render.slack.stage import BUTTONS, Piece, Scene
from cards.render.slack.wording import Json, address, label, markup, on_clocks, plain, size
from cards.words import Words

PRESS, OPEN, MORE = "press", "open", "more"
"""How action ids begin: a button of ours, a link, the menu of what else there is. A dot and a number follow."""
ROOMY = 5
"""Choices that stand side by side; with more of them, the last go into a menu."""
STYLES = {"primary": "primary", "danger": "danger"}
QUESTION = 1_000


def row(scene: Scene, block: Buttons) -> list[Piece]:
    """The choices as blocks of actions. A row of approval has no menu and is never shed."""
    drawn = [(choice, _element(scene, choice)) for choice in block.buttons]
    usable = [(choice, element) for choice, element in drawn if element]
    lost = BUTTONS if any(_too_long(scene, choice) for choice, _ in drawn) else ""
    elements = [element for _, element in usable]
    if not block.approval and len(usable) > ROOMY:
        elements = _with_menu(scene, usable)
    kind = "" if block.approval else BUTTONS
    rows = [elements[at : at + limits.ELEMENTS] for at in range(0, len(elements), limits.ELEMENTS)]
    return [Piece({"type": "actions", "elements": some}, kind, lost if not at else "") for at, some in enumerate(rows)]


def question(scene: Scene, ask: Ask) -> list[Piece]:
    """What is asked, who may answer until when, and the button that opens the form. Never shed."""
    opening = Button(ask.action, ask.submit, ask.value, "primary")
    return [
        Piece(rich.block(rich.line(rich.run(ask.question, QUESTION, bold=True))), ""),
        Piece(who(ask, scene.language), ""),
        *row(scene, Buttons((opening,), approval=True)),
    ]


def who(ask: Ask, language: str) -> Json:
    """Who may answer and until when, each reader in a time zone of their own."""
    elements = [plain(ask.who, limits.CONTEXT_TEXT // 4)]
    if ask.until:
        until = on_clocks(moments.moment(ask.until, ask.zone))
        elements.append(markup(Words(language).text("slack_card.until", at=until)))
    return {"type": "context", "elements": elements}


def numbered(blocks: Iterable[Json], digest: str) -> list[Json]:
    """The blocks with their ids: one per block and version of the message, one per button."""
    found: list[Json] = []
    count = 0
    for at, block in enumerate(blocks):
        named = block if "block_id" in block else {**block, "block_id": f"{digest}.{at}"}
        if block["type"] == "actions":
            elements = []
            for element in block["elements"]:
                elements.append({**element, "action_id": f"{element['action_id']}.{count}"})
                count += 1
            named = {**named, "elements": elements}
        found.append(named)
    return found


def _element(scene: Scene, choice: Button | Link) -> Json | None:
    """A button of its own; None for a link that nobody can follow."""
    match choice:
        case Button():
            if _too_long(scene, choice):
                return _linked(scene.page, choice.label)
            sealed = scene.stage.close(choice.action, choice.value)
            pressed = {"type": "button", "text": label(choice.label, limits.LABEL), "action_id": PRESS, "value": sealed}
            return pressed | ({"style": STYLES[choice.style]} if choice.style in STYLES else {})
        case Link():
            url = address(choice.href, scene.stage.public_url)
            return _linked(url, choice.label) if url else None
        case _:
            assert_never(choice)


def _linked(url: str, text: str) -> Json:
    return {"type": "button", "text": label(text, limits.LABEL), "action_id": OPEN, "url": url}


def _too_long(scene: Scene, choice: Button | Link) -> bool:
    """Whether Slack cannot carry what this button stands for; the incident page can."""
    return isinstance(choice, Button) and size(scene.stage.close(choice.action, choice.value)) > limits.VALUE


def _with_menu(scene: Scene, usable: Sequence[tuple[Button | Link, Json]]) -> list[Json]:
    """The first in the open; of the rest as many in a menu as it takes, the others in the open as well."""
    keep = max(ROOMY - 1, len(usable) - limits.OVERFLOW)
    options = [_option(choice, element) for choice, element in usable[keep:]]
    fitting = [option for option in options if option]
    left = [element for (_, element), option in zip(usable[keep:], options, strict=True) if not option]
    direct = [element for _, element in usable[:keep]] + left
    menu = [{"type": "overflow", "action_id": MORE, "options": fitting}] if fitting else []
    return direct + menu


def _option(choice: Button | Link, element: Json) -> Json | None:
    """A line of a menu; None where its value is too long for one."""
    if "url" in element:
        return {"text": element["text"], "value": OPEN, "url": element["url"]}
    value = element["value"]
    return {"text": element["text"], "value": value} if size(value) <= limits.OPTION_VALUE else None
