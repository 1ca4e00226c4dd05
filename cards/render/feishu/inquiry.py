"""Draws a question as a form, and reads what came back from one."""

import re
from collections.abc import Callable, Mapping, Sequence

from cards import moments
from cards.model import Ask, Field
from cards.render.drawing import visible
from cards.render.feishu.elements import Element, Tongues, pressed
from cards.render.feishu.markup import bold, clean, line, plain, prose
from engine.masking import bounded, mask

QUESTION = 1500
LABEL = 100
MOST_TYPED = 1000
"""Characters of one input: the page on the input component takes 1 to 1000."""
ROOM = 200
"""Characters left for typing in an input that is filled in already."""
WORD = 64
MOST_FILLED = 5000
"""Characters of a text that is edited; the house keeps 4,000 of one."""
MOST_OPTIONS = 30
PART = re.compile(r"^(?:q\d+__)?(.+?)(?:__(part|more)(\d+))?$", re.DOTALL)


def asked(
    each: Sequence[Ask], tongues: Tongues, close: Callable[[str, Mapping[str, str]], str], at: int
) -> list[Element]:
    """The form of the question that is number `at` of its card. Its button brings back action and value sealed."""
    first = each[0]
    # Names of inputs are unique in a card; those of its first form are the fields' own.
    prefix = f"q{at}__" if at else ""
    inputs: list[Element] = []
    names = [field.name for field in first.fields]
    for number, field in enumerate(first.fields):
        # What comes back has each name once, and Feishu refuses a name that is there twice.
        if field.name in names[:number]:
            continue
        inputs += _inputs(field, [ask.fields[number] for ask in each], tongues, prefix)
    style = "danger" if first.action == "approve" else "primary"
    button = tongues.button([plain(ask.submit, 40) for ask in each], style, pressed(close(first.action, first.value)))
    until = f" · ⏱ {moments.moment(first.until, first.zone)}" if first.until else ""
    told = [
        *tongues.markdown([bold(prose(ask.question, QUESTION)) for ask in each]),
        *tongues.notation([line(ask.who, 300) + until for ask in each]),
    ]
    submit = button | {"name": f"{prefix}submit__button", "form_action_type": "submit"}
    return [{"tag": "form", "name": f"ask{at}", "elements": [*told, *inputs, submit]}]


def answers(sent: Mapping[str, object]) -> dict[str, str]:
    """What a person typed, by the names of the fields, untouched; parts of one long text are put together again."""
    parts: dict[str, list[tuple[int, str]]] = {}
    for name, value in sent.items():
        found = PART.match(name)
        if found and isinstance(value, str):
            joint = "\n" if found[2] == "part" else ""
            parts.setdefault(found[1], []).append((int(found[3] or 1), joint + value))
    return {name: "".join(text for _, text in sorted(held)) for name, held in parts.items()}


def _inputs(field: Field, each: Sequence[Field], tongues: Tongues, prefix: str) -> list[Element]:
    name = prefix + field.name
    label = tongues.plain([plain(one.label, LABEL) for one in each])
    options = _options(each, tongues)
    if options:
        chosen: Element = {"tag": "select_static", "name": name, "required": field.required, "width": "fill"}
        values = [option["value"] for option in options]
        if field.value in values:
            chosen["initial_option"] = field.value
        said = tongues.markdown([bold(line(one.label, LABEL)) for one in each])
        return [*said, chosen | {"placeholder": label, "options": options}]
    shared: Element = {
        "tag": "input",
        "width": "fill",
        "label": label,
        "label_position": "top",
        "placeholder": tongues.plain([plain(one.hint or one.label, LABEL) for one in each]),
    }
    if not field.multiline:
        typed = {"name": name, "required": field.required, "input_type": "text", "max_length": _longest(field)}
        return [shared | typed | _filled(_kept(field.value).replace("\n", " ")[: _longest(field)])]
    drawn: list[Element] = []
    for number, (joint, text) in enumerate(split(bounded(_kept(field.value), MOST_FILLED)), start=1):
        part = name if number == 1 else f"{name}__{'part' if joint else 'more'}{number}"
        # A later part may be emptied: the whole would be shorter, and only the first must not be missing.
        typed = {"name": part, "required": field.required and number == 1, "max_length": MOST_TYPED}
        drawn.append(shared | typed | {"input_type": "multiline_text", "rows": 6} | _filled(text))
    return drawn


def split(text: str) -> list[tuple[str, str]]:
    """A long text as parts that fit one input each with room left, each after what joins it to the part before: a line
    break, or nothing where one line is longer than an input."""
    fits = MOST_TYPED - ROOM
    parts: list[tuple[str, str]] = []
    for row in text.split("\n"):
        pieces = [row[at : at + fits] for at in range(0, len(row), fits)] or [""]
        joined = f"{parts[-1][1]}\n{pieces[0]}" if parts else ""
        if parts and len(joined) <= fits:
            parts[-1] = (parts[-1][0], joined)
        else:
            parts.append(("\n", pieces[0]))
        parts += [("", piece) for piece in pieces[1:]]
    return parts


def _kept(text: str) -> str:
    """What an input is filled with: it reads no markup, and whoever saves it wants it back as it was."""
    return mask(visible(text))


def _filled(text: str) -> Element:
    return {"default_value": text} if text else {}


def _longest(field: Field) -> int:
    return WORD if field.name == "word" else MOST_TYPED


def _options(each: Sequence[Field], tongues: Tongues) -> list[Element]:
    """The choices a person can pick: Feishu takes no value twice and no empty one."""
    found: dict[str, Element] = {}
    for number, (value, _) in enumerate(each[0].choices[:MOST_OPTIONS]):
        said = [plain(one.choices[number][1] if number < len(one.choices) else value, LABEL) for one in each]
        if value and clean(value) == value:
            found.setdefault(value, {"text": tongues.plain(said), "value": value})
    return list(found.values())
