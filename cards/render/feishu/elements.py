"""Makes the elements of Card JSON 2.0, each in one language or several at once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Element = dict[str, Any]
LOCALES = {"zh": "zh_cn", "en": "en_us"}
"""Our languages by Feishu's names: the page on cards in several languages."""
STYLES = {"plain": "default", "primary": "primary_filled", "danger": "danger_filled"}
HREF = "open_url"


class Tongues:
    """Writes what was said in each language of a card into one element. The first language is everybody's who reads
    none of them."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.locales = tuple(LOCALES.get(language, "en_us") for language in languages)

    def text(self, tag: str, said: Sequence[str], **more: Any) -> Element:
        """A text element; `said` holds the same thing once per language."""
        common = next((words for words in said if words.strip()), said[0])
        element: Element = {"tag": tag, "content": common, **more}
        if len(set(said)) > 1:
            texts = [words if words.strip() else common for words in said]
            element["i18n_content"] = dict(zip(self.locales, texts, strict=True))
        return element

    def markdown(self, said: Sequence[str], **more: Any) -> list[Element]:
        """Rich text; nothing where nothing was said."""
        return [self.text("markdown", said, **more)] if any(words.strip() for words in said) else []

    def plain(self, said: Sequence[str]) -> Element:
        """Text without markup. An empty one is refused by Feishu, so a dash stands for it."""
        return self.text("plain_text", [words or "–" for words in said])

    def notation(self, said: Sequence[str]) -> list[Element]:
        """Small grey text, given as markdown without colours; what was a note in JSON 1.0."""
        grey = [f"<font color='grey'>{words}</font>" if words else "" for words in said]
        return self.markdown(grey, text_size="notation")

    def button(self, said: Sequence[str], style: str, behavior: Element) -> Element:
        """A button that does one thing."""
        kind = STYLES.get(style, "default")
        return {"tag": "button", "text": self.plain(said), "type": kind, "behaviors": [behavior]}


def pressed(sealed: str) -> Element:
    """The behavior that hands a sealed value back."""
    return {"type": "callback", "value": {"t": sealed}}


def opened(href: str) -> Element:
    """The behavior that opens an address."""
    return {"type": HREF, "default_url": href}


def side_by_side(columns: Iterable[list[Element]], *, tint: str = "default", weighted: bool = False) -> Element:
    """Columns next to each other: of one width each, or as wide as what they hold and flowing into the next row."""
    width: Element = {"width": "weighted", "weight": 1} if weighted else {"width": "auto"}
    return {
        "tag": "column_set",
        "flex_mode": "none" if weighted else "flow",
        "background_style": tint,
        "horizontal_spacing": "8px",
        "columns": [{"tag": "column", **width, "vertical_align": "top", "elements": held} for held in columns],
    }


def panel(title: Element, elements: list[Element], *, expanded: bool) -> Element:
    """A panel that opens and closes."""
    return {
        "tag": "collapsible_panel",
        "expanded": expanded,
        "header": {
            "title": title,
            "width": "fill",
            "vertical_align": "center",
            "padding": "4px 0px 4px 8px",
            "icon": {"tag": "standard_icon", "token": "down-small-ccm_outlined", "size": "16px 16px"},
            "icon_position": "right",
            "icon_expanded_angle": -180,
        },
        "border": {"color": "grey", "corner_radius": "5px"},
        "vertical_spacing": "8px",
        "padding": "8px 8px 8px 8px",
        "elements": elements,
    }


def wire(document: Mapping[str, Any]) -> str:
    """The document as it is sent, in as few bytes as JSON takes."""
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def size(document: Mapping[str, Any]) -> int:
    """Bytes on the wire."""
    return len(wire(document).encode("utf-8"))


def elements_in(tree: object) -> int:
    """How many elements stand in a tree: everything that has a tag."""
    if isinstance(tree, dict):
        return ("tag" in tree) + sum(elements_in(part) for part in tree.values())
    return sum(elements_in(part) for part in tree) if isinstance(tree, list) else 0
