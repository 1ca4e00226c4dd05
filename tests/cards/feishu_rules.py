"""Says what Feishu refuses in a card of JSON 2.0, as far as its pages and those who tried it tell."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from tests.cards.feishu_properties import (
    BEHAVIORS,
    BLOCKS,
    BORDER,
    CONFIG,
    DEEPEST,
    FAMILIES,
    FONT,
    HEADER,
    HEX,
    INSIDE,
    LARGEST,
    LOCALES,
    MENTION,
    MOST_CHARTS,
    MOST_COLUMNS,
    MOST_ELEMENTS,
    MOST_POINTS,
    MOST_TABLES,
    NEEDED,
    PANEL_HEADER,
    PROPERTIES,
    RULE_OF_TABLE,
    SPEC,
    TEXT_TAG,
    Json,
    Judge,
    color,
    filled,
    held,
    icon,
    plain,
    said,
)


class Reading:
    """Reads one document and collects what Feishu would refuse, each with the place where it stands."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.tags: Counter[str] = Counter()
        self.tables = 0
        self._names: set[str] = set()
        self._ids: set[str] = set()

    def document(self, card: Any) -> None:
        """The whole of it."""
        if not isinstance(card, dict):
            self._say("$", "is no object")
            return
        self._known("$", card, {"schema", "config", "header", "body", "card_link"})
        if card.get("schema") != "2.0":
            self._say("$.schema", "is not 2.0")
        self._properties("$.config", card.get("config", {}), CONFIG)
        self._header(card.get("header"))
        body = card.get("body")
        if not isinstance(body, dict) or not filled(body.get("elements")):
            self._say("$.body.elements", "is missing or empty")
            return
        self._properties("$.body", body, INSIDE | {"elements": held})
        self._elements("$.body.elements", body["elements"], ())
        self._totals(card)

    def _totals(self, card: Json) -> None:
        try:
            size = len(json.dumps(card, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode("utf-8"))
        except ValueError:
            self._say("$", "holds a number or a character JSON has no place for")
            return
        counted = (
            ("bytes", size, LARGEST),
            ("elements", sum(self.tags.values()), MOST_ELEMENTS),
            ("charts", self.tags["chart"], MOST_CHARTS),
            ("tables", self.tables + self.tags["table"], MOST_TABLES),
        )
        for what, count, most in counted:
            if count > most:
                self._say("$", f"has {count} {what}, more than {most}")

    def _header(self, header: Any) -> None:
        if header is None:
            return
        self._properties("$.header", header, HEADER)
        if not isinstance(header, dict) or "title" not in header:
            self._say("$.header.title", "is missing")
            return
        for key in ("title", "subtitle", "icon"):
            if isinstance(header.get(key), dict):
                self._tagged(f"$.header.{key}", header[key])
        for number, tag in enumerate(header.get("text_tag_list", [])):
            self._tagged(f"$.header.text_tag_list[{number}]", tag)

    def _elements(self, path: str, elements: Any, above: tuple[str, ...]) -> None:
        for number, element in enumerate(elements if isinstance(elements, list) else ()):
            self._element(f"{path}[{number}]", element, above)

    def _element(self, path: str, element: Any, above: tuple[str, ...]) -> None:
        tag = element.get("tag") if isinstance(element, dict) else None
        if tag not in BLOCKS and not (tag == "column" and above[-1:] == ("column_set",)):
            self._say(path, f"{tag!r} may not stand here")
            return
        self._tagged(path, element)
        self._place(path, tag, above)
        inside = (*above, tag)
        self._elements(f"{path}.elements", element.get("elements"), inside)
        self._elements(f"{path}.columns", element.get("columns") if tag == "column_set" else None, inside)
        special = {"form": self._form, "chart": self._chart, "collapsible_panel": self._panel, "table": self._table}
        if tag in special:
            special[tag](path, element)
        if tag in ("button", "input", "select_static"):
            self._interactive(path, element, "form" in above)

    def _place(self, path: str, tag: str, above: tuple[str, ...]) -> None:
        if tag in ("form", "table") and above:
            self._say(path, f"{tag} may stand at the root alone")
        if tag == "chart" and "form" in above:
            self._say(path, "a form holds no chart")
        if len(above) + 1 > DEEPEST:
            self._say(path, f"is {len(above) + 1} levels deep")

    def _tagged(self, path: str, element: Json) -> None:
        """Anything that has a tag: its properties, its texts, and what tagged things it holds as properties."""
        tag = element.get("tag")
        rules = PROPERTIES.get(str(tag))
        if rules is None:
            self._say(path, f"has the unknown tag {tag!r}")
            return
        self.tags[str(tag)] += 1
        self._properties(path, element, rules | {"tag": said})
        for missing in sorted(NEEDED.get(str(tag), set()) - set(element)):
            self._say(f"{path}.{missing}", "is missing")
        identity = element.get("element_id")
        if identity is not None and identity in self._ids:
            self._say(f"{path}.element_id", "is there twice")
        self._ids.add(str(identity))
        if tag in ("plain_text", "lark_md", "markdown"):
            self._text(path, element)
        for key in ("text", "placeholder", "label", "hover_tips", "disabled_tips", "icon", "alt", "title"):
            if isinstance(element.get(key), dict):
                self._tagged(f"{path}.{key}", element[key])

    def _text(self, path: str, element: Json) -> None:
        languages = element.get("i18n_content", {})
        for locale, text in languages.items() if isinstance(languages, dict) else ():
            if locale not in LOCALES or not said(text):
                self._say(f"{path}.i18n_content.{locale}", "is no language, or says nothing")
        texts = [element.get("content"), *(languages.values() if isinstance(languages, dict) else ())]
        for text in (one for one in texts if isinstance(one, str) and element["tag"] == "markdown"):
            self.tables += len(RULE_OF_TABLE.findall(text))
            wrong = [name for name in FONT.findall(text) if not color(name)]
            wrong += [name for name in TEXT_TAG.findall(text) if name not in FAMILIES]
            if wrong or text.count("<font") != len(FONT.findall(text)) or text.count("<font") != text.count("</font>"):
                self._say(path, f"has colours Feishu does not know {wrong}, or a font that is not closed")

    def _properties(self, path: str, value: Any, rules: Mapping[str, Judge]) -> None:
        if not isinstance(value, dict):
            self._say(path, "is no object")
            return
        self._known(path, value, set(rules))
        for key, judge in rules.items():
            if key in value and not judge(value[key]):
                self._say(f"{path}.{key}", f"may not be {str(value[key])[:60]!r}")

    def _known(self, path: str, value: Json, known: set[str]) -> None:
        for key in sorted(set(value) - known):
            self._say(f"{path}.{key}", "is unknown")

    def _interactive(self, path: str, element: Json, in_form: bool) -> None:
        tag, name = element["tag"], element.get("name")
        if in_form and not name:
            self._say(f"{path}.name", "is needed in a form")
        if name in self._names:
            self._say(f"{path}.name", "is there twice")
        self._names.add(name or id(element))  # type: ignore[arg-type]
        if not in_form and {"required", "form_action_type"} & set(element):
            self._say(path, "is for forms alone")
        if tag == "button" and "behaviors" not in element and "form_action_type" not in element:
            self._say(path, "does nothing")
        for number, behavior in enumerate(element.get("behaviors", [])):
            rules = BEHAVIORS.get(behavior.get("type"))
            where = f"{path}.behaviors[{number}]"
            if (
                rules is None
                or not set(rules) & set(behavior)
                or (behavior["type"] == "open_url") > ("default_url" in behavior)
            ):
                self._say(where, "does nothing Feishu knows")
                continue
            self._properties(where, behavior, rules | {"type": said})
        if tag == "input":
            self._input(path, element)
        if tag == "select_static":
            self._options(path, element)

    def _input(self, path: str, element: Json) -> None:
        if len(element.get("default_value", "")) > element.get("max_length", 1000):
            self._say(f"{path}.default_value", "is longer than max_length")
        if {"rows", "auto_resize", "max_rows"} & set(element) and element.get("input_type") != "multiline_text":
            self._say(path, "has rows and is one line")

    def _options(self, path: str, element: Json) -> None:
        values = [option.get("value") for option in element.get("options", [])]
        if not all(said(value) for value in values) or len(set(values)) < len(values):
            self._say(f"{path}.options", "have a value twice, or none")
        if element.get("initial_option", next(iter(values), None)) not in values:
            self._say(f"{path}.initial_option", "is no option")
        for number, option in enumerate(element.get("options", [])):
            self._properties(f"{path}.options[{number}]", option, {"text": plain, "value": said, "icon": icon})
            self._tagged(f"{path}.options[{number}].text", option.get("text", {}))

    def _form(self, path: str, element: Json) -> None:
        buttons = [part for part in _parts(element.get("elements")) if part.get("form_action_type") == "submit"]
        if not buttons:
            self._say(path, "cannot be sent: no button with form_action_type submit")
        if element.get("name") in self._names:
            self._say(f"{path}.name", "is there twice")
        self._names.add(str(element.get("name")))

    def _panel(self, path: str, element: Json) -> None:
        header = element.get("header")
        self._properties(f"{path}.header", header, PANEL_HEADER)
        if "border" in element:
            self._properties(f"{path}.border", element["border"], BORDER)
        for key in ("title", "icon"):
            if isinstance(header, dict) and isinstance(header.get(key), dict):
                self._tagged(f"{path}.header.{key}", header[key])
        if not isinstance(header, dict) or "title" not in header:
            self._say(f"{path}.header.title", "is missing")

    def _table(self, path: str, element: Json) -> None:
        names = [column.get("name") for column in element.get("columns", [])]
        if not names or not all(map(said, names)) or len(set(names)) < len(names) or len(names) > MOST_COLUMNS:
            self._say(f"{path}.columns", "need a name each, once, and are at most 50")
        if any(set(row) - set(names) for row in element.get("rows", [])):
            self._say(f"{path}.rows", "hold a cell of no column")

    def _chart(self, path: str, element: Json) -> None:
        spec = element.get("chart_spec", {})
        self._known(f"{path}.chart_spec", spec, SPEC)
        values = [value for part in _parts(spec.get("data")) for value in part.get("values", [])]
        if spec.get("type") not in ("line", "area", "bar", "scatter") or not values:
            self._say(f"{path}.chart_spec", "has no data, or is of no kind we draw")
            return
        if len(values) > MOST_POINTS + 1:
            self._say(f"{path}.chart_spec.data", f"has {len(values)} points")
        for key in ("xField", "yField", "seriesField"):
            if key in spec and any(spec[key] not in value for value in values):
                self._say(f"{path}.chart_spec.{key}", "is not in the data")
        places = {value.get(spec.get("xField")) for value in values}
        if any("y" not in mark and mark.get("x") not in places for mark in spec.get("markLine", [])):
            self._say(f"{path}.chart_spec.markLine", "stands where no point is")
        across = [
            mark.get(key) for name in ("markLine", "markArea") for mark in spec.get(name, []) for key in ("y", "y1")
        ]
        if any(value is not None and not isinstance(value, int | float) for value in across):
            self._say(f"{path}.chart_spec", "has a mark across that is no number")
        if any(axis.get("type") not in ("band", "linear", "log", "time") for axis in spec.get("axes", [])):
            self._say(f"{path}.chart_spec.axes", "are of a type VChart breaks at")
        if HEX.search(json.dumps(spec.get("color", []))) or "function" in json.dumps(spec.get("label", "")):
            self._say(f"{path}.chart_spec", "has a colour or code we do not send")

    def _say(self, path: str, what: str) -> None:
        self.wrong.append(f"{path} {what}")


def _parts(held_parts: Any) -> list[Json]:
    """Every object below."""
    if isinstance(held_parts, dict):
        return [held_parts, *(part for value in held_parts.values() for part in _parts(value))]
    return [part for value in held_parts for part in _parts(value)] if isinstance(held_parts, list) else []


def mentioned(card: Any) -> set[str]:
    """The people who are told of this document: those its rich texts mention."""
    texts = [part for part in _parts(card) if part.get("tag") == "markdown"]
    said_in = [text for part in texts for text in (part["content"], *part.get("i18n_content", {}).values())]
    return {person for text in said_in for person in MENTION.findall(text)}


def refusals(card: Any) -> list[str]:
    """Why Feishu would refuse this document, each with its place; nothing for one it takes."""
    reading = Reading()
    reading.document(card)
    return reading.wrong
