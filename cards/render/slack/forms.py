"""Draws a question as a modal, reads what was typed into it, and tells what was wrong with that."""

from collections.abc import Mapping
from typing import Any

from cards.model import Ask, Field
from cards.render.slack import limits, rich, rows
from cards.render.slack.stage import Stage
from cards.render.slack.wording import Json, cut, label, plain, shown, size
from cards.words import Words

FORM = "tocsin.form"
"""callback_id of every modal of ours."""
QUESTION = 3_000


def modal(ask: Ask, stage: Stage, private_metadata: str) -> Json:
    """The view for views.open or views.update. `private_metadata` comes back as it is (at most 3000 characters): what
    the form is about, sealed, and where it was opened. ValueError where it is longer."""
    if size(private_metadata) > limits.METADATA:
        raise ValueError(f"private_metadata has {size(private_metadata)} characters; Slack takes {limits.METADATA}")
    words = Words(stage.language)
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": label(ask.submit, limits.MODAL_TITLE),
        "submit": label(ask.submit, limits.MODAL_TITLE),
        "close": label(words.text("web.cancel"), limits.MODAL_TITLE),
        "private_metadata": private_metadata,
        "blocks": [
            rich.block(rich.line(rich.run(ask.question, QUESTION, bold=True))) | {"block_id": "question"},
            rows.who(ask, stage.language) | {"block_id": "who"},
            *(_input(at, field, words) for at, field in enumerate(ask.fields[: limits.VIEW_BLOCKS - 2])),
        ],
    }


def typed(view: Mapping[str, Any]) -> dict[str, str]:
    """What a person typed or chose, untouched, by name of the field. What is not of such a form is left out."""
    found: dict[str, str] = {}
    for entries in _table(_table(view, "state"), "values").values():
        for action, entry in entries.items() if isinstance(entries, Mapping) else ():
            name = action.partition(".")[2]
            if name and isinstance(entry, Mapping):
                found[name] = _entered(entry)
    return found


def errors(view: Mapping[str, Any], sentence: str, field: str = "") -> Json:
    """The answer to a submitted view that says what was wrong below the input `field`; below the first one, where that
    is not among them. A view without inputs shows it in a view of its own, as errors need an input to stand below."""
    ids = {action.partition(".")[2]: block for block, action in _inputs(view)}
    if not ids:
        return {"response_action": "update", "view": _told(view, sentence)}
    return {"response_action": "errors", "errors": {ids.get(field, next(iter(ids.values()))): shown(sentence)}}


def _input(at: int, field: Field, words: Words) -> Json:
    options = _options(field)
    block = {
        "type": "input",
        "block_id": f"input.{at}",
        "label": label(field.label, limits.INPUT_LABEL),
        "element": _choice(at, field, options) if options else _entry(at, field),
        "optional": not field.required,
    }
    hint = field.hint
    if not options and size(field.value) > limits.INPUT:
        # What was cut here would be lost when the form is sent, so the person is told.
        hint = f"{words.text('slack_card.too_long_to_edit', n=limits.INPUT)} {hint}"
    return block | ({"hint": plain(hint, limits.HINT)} if hint.strip() else {})


def _entry(at: int, field: Field) -> Json:
    entry: Json = {
        "type": "plain_text_input",
        "action_id": _name(at, field),
        "multiline": field.multiline,
        "max_length": limits.INPUT,
    }
    value = cut(field.value.encode("utf-8", "ignore").decode("utf-8"), limits.INPUT)
    return entry | ({"initial_value": value} if value else {})


def _choice(at: int, field: Field, options: list[Json]) -> Json:
    chosen = [option for option in options if option["value"] == field.value]
    select: Json = {"type": "static_select", "action_id": _name(at, field), "options": options}
    return select | ({"initial_option": chosen[0]} if chosen else {})


def _options(field: Field) -> list[Json]:
    """The choices Slack can carry; a value that is empty, altered on the way or too long would lie."""
    carried = {value: text for value, text in field.choices if value and shown(value) == value}
    carried = {value: text for value, text in carried.items() if size(value) <= limits.OPTION_VALUE}
    found = [{"text": label(text, limits.LABEL), "value": value} for value, text in carried.items()]
    return found[: limits.OPTIONS]


def _name(at: int, field: Field) -> str:
    return f"{at}.{field.name}"[: limits.ID]


def _table(view: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = view.get(name)
    return found if isinstance(found, Mapping) else {}


def _entered(entry: Mapping[str, Any]) -> str:
    option = entry.get("selected_option")
    said = option.get("value") if isinstance(option, Mapping) else entry.get("value")
    return said if isinstance(said, str) else ""


def _inputs(view: Mapping[str, Any]) -> list[tuple[str, str]]:
    blocks = view.get("blocks")
    known = [block for block in blocks if isinstance(block, Mapping)] if isinstance(blocks, list) else []
    return [
        (str(block.get("block_id", "")), str(_table(block, "element").get("action_id", "")))
        for block in known
        if block.get("type") == "input"
    ]


def _told(view: Mapping[str, Any], sentence: str) -> Json:
    title = _table(view, "title").get("text")
    return {
        "type": "modal",
        "callback_id": FORM,
        "title": label(title if isinstance(title, str) else "", limits.MODAL_TITLE),
        "blocks": [rich.block(rich.line(rich.run(sentence, QUESTION)))],
    }
