"""Lists what Card JSON 2.0 has: every tag with its properties, and what each of them may be.

Feishu refuses unknown properties and publishes no schema, so every tag has its list here, from its pages and from
those who tried it. Where sources differ, the stricter one stands.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

LARGEST = 30 * 1024
MOST_ELEMENTS, MOST_CHARTS, MOST_TABLES, MOST_TAGS, DEEPEST = 200, 5, 3, 3, 5
MOST_COLUMNS, MOST_POINTS = 50, 200
LOCALES = {"zh_cn", "en_us", "ja_jp", "zh_hk", "zh_tw", "id_id", "vi_vn", "th_th", "pt_br", "es_es", "ko_kr", "de_de"}
FAMILIES = (
    *("blue", "wathet", "turquoise", "indigo", "green", "lime", "yellow"),
    *("orange", "red", "carmine", "purple", "violet", "grey", "neutral"),
)
PLAIN_COLORS = {*FAMILIES, "default", "black", "white"}
SHADES = {f"{family}-{shade}" for family in FAMILIES for shade in ("50", *map(str, range(100, 1000, 100)))}
COLORS = PLAIN_COLORS | SHADES
TEMPLATES = {*FAMILIES, "default"} - {"lime", "neutral"}
BUTTONS = {"default", "primary", "danger", "text", "primary_text", "danger_text", "laser"} | {
    "primary_filled",
    "danger_filled",
}
SIZES = {"normal", "notation", "heading", *(f"heading-{level}" for level in range(5))} | {
    *("xxxx-large", "xxx-large", "xx-large", "x-large", "large", "medium", "small", "x-small")
}
SPACE = re.compile(r"^(small|medium|large|extra_large|\d{1,2}px)$")
EDGES = re.compile(r"^-?\d{1,2}(px)?( -?\d{1,2}(px)?){3}$|^-?\d{1,2}(px)?$")
PIXELS = re.compile(r"^\d{2,4}px$")
RGBA = re.compile(r"^rgba?\(\s*\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3}\s*(,\s*[\d.]+\s*)?\)$")
HEX = re.compile(r"^#[0-9a-fA-F]{3,8}$")
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_]{0,19}$")
RULE_OF_TABLE = re.compile(r"^\|?(\s*:?-{3,}:?\s*\|)+\s*(:?-{3,}:?\s*)?$", re.MULTILINE)
FONT = re.compile(r"<font color='([^']*)'>")
MENTION = re.compile(r"<at id=(ou_[A-Za-z0-9_-]+)></at>")
TEXT_TAG = re.compile(r"<text_tag color='([^']*)'>")

Json = Mapping[str, Any]
Judge = Callable[[Any], bool]


def one_of(*allowed: str) -> Judge:
    return lambda value: value in allowed


def some(pattern: re.Pattern[str]) -> Judge:
    return lambda value: isinstance(value, str) and bool(pattern.match(value))


def whole(low: int, high: int) -> Judge:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def color(value: Any) -> bool:
    return isinstance(value, str) and (value in COLORS or bool(RGBA.match(value)))


def boolean(value: Any) -> bool:
    return isinstance(value, bool)


def said(value: Any) -> bool:
    return isinstance(value, str) and bool(value)


def any_text(value: Any) -> bool:
    return isinstance(value, str)


def held(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, dict) for part in value)


def plain(value: Any) -> bool:
    return isinstance(value, dict) and value.get("tag") == "plain_text"


def mapping(value: Any) -> bool:
    return isinstance(value, dict)


def icon(value: Any) -> bool:
    return isinstance(value, dict) and value.get("tag") in ("standard_icon", "custom_icon")


def filled(value: Any) -> bool:
    return held(value) and bool(value)


def web(value: Any) -> bool:
    """An address with a host, as Feishu wants it."""
    try:
        found = urlsplit(value)
        return found.scheme in ("http", "https") and bool(found.hostname) and " " not in value
    except (TypeError, ValueError, AttributeError):
        return False


LAYOUT: dict[str, Judge] = {
    "element_id": some(NAME),
    "margin": some(EDGES),
}
INSIDE: dict[str, Judge] = {
    "direction": one_of("vertical", "horizontal"),
    "vertical_spacing": some(SPACE),
    "horizontal_spacing": some(SPACE),
    "vertical_align": one_of("top", "center", "bottom"),
    "horizontal_align": one_of("left", "center", "right"),
    "padding": some(EDGES),
}
LANGUAGES: dict[str, Judge] = {"content": said, "i18n_content": mapping}
WIDTH: Judge = lambda value: value in ("default", "fill") or bool(PIXELS.match(str(value)))  # noqa: E731
COLUMN_WIDTH: Judge = lambda value: value in ("auto", "weighted") or bool(PIXELS.match(str(value)))  # noqa: E731
NAMED: dict[str, Judge] = {"name": said, "required": boolean, "disabled": boolean, "width": WIDTH}
PROPERTIES: dict[str, dict[str, Judge]] = {
    "plain_text": LANGUAGES | {"text_size": one_of(*SIZES), "text_color": color, "lines": whole(1, 99)},
    "lark_md": LANGUAGES | {"text_size": one_of(*SIZES), "text_color": color},
    "markdown": LAYOUT
    | LANGUAGES
    | {"text_size": one_of(*SIZES), "text_align": one_of("left", "center", "right")}
    | {"icon": icon},
    "hr": LAYOUT,
    "text_tag": {"element_id": some(NAME), "text": plain, "color": one_of(*(set(FAMILIES) - {"grey"}))},
    "standard_icon": {"token": said, "color": color, "size": any_text},
    "custom_icon": {"img_key": said, "size": any_text},
    "img": LAYOUT
    | {"img_key": lambda value: str(value).startswith("img_"), "alt": plain, "preview": boolean}
    | {"scale_type": one_of("crop_center", "crop_top", "fit_horizontal"), "title": plain, "transparent": boolean}
    | {"corner_radius": any_text, "size": any_text},
    "chart": LAYOUT
    | {"aspect_ratio": one_of("1:1", "2:1", "4:3", "16:9"), "preview": boolean, "chart_spec": mapping}
    | {"color_theme": one_of("brand", "rainbow", "complementary", "converse", "primary")}
    | {"height": lambda value: value == "auto" or bool(PIXELS.match(str(value)))},
    "table": LAYOUT
    | {"columns": held, "rows": held, "page_size": whole(1, 10), "row_height": any_text, "header_style": mapping}
    | {"freeze_first_column": boolean, "row_max_height": any_text},
    "column_set": LAYOUT
    | {key: INSIDE[key] for key in ("horizontal_spacing", "horizontal_align")}
    | {"flex_mode": one_of("none", "stretch", "flow", "bisect", "trisect"), "background_style": color}
    | {"columns": held, "action": mapping},
    "column": LAYOUT
    | INSIDE
    | {"width": COLUMN_WIDTH, "weight": whole(1, 5), "background_style": color, "elements": held, "action": mapping},
    "collapsible_panel": LAYOUT
    | INSIDE
    | {"expanded": boolean, "header": mapping, "border": mapping, "background_color": color, "elements": filled},
    "form": LAYOUT | INSIDE | {"name": said, "elements": filled},
    "interactive_container": LAYOUT
    | INSIDE
    | {"width": any_text, "height": any_text, "background_style": color, "has_border": boolean, "border_color": color}
    | {"corner_radius": any_text, "behaviors": filled, "hover_tips": plain, "disabled": boolean}
    | {"disabled_tips": plain, "confirm": mapping, "elements": filled},
    "button": LAYOUT
    | {"text": plain, "type": one_of(*BUTTONS), "size": one_of("tiny", "small", "medium", "large"), "width": WIDTH}
    | {"icon": icon, "hover_tips": plain, "disabled": boolean, "disabled_tips": plain, "confirm": mapping}
    | {"behaviors": filled, "name": said, "required": boolean, "form_action_type": one_of("submit", "reset")},
    "input": LAYOUT
    | NAMED
    | {"placeholder": plain, "default_value": said, "i18n_default_value": mapping, "max_length": whole(1, 1000)}
    | {"input_type": one_of("text", "multiline_text", "password"), "rows": whole(1, 99), "auto_resize": boolean}
    | {"max_rows": whole(1, 99), "label": plain, "label_position": one_of("top", "left"), "show_icon": boolean}
    | {"behaviors": filled, "confirm": mapping},
    "select_static": LAYOUT
    | NAMED
    | {"placeholder": plain, "options": filled, "initial_option": said, "type": one_of("default", "text")}
    | {"behaviors": filled, "confirm": mapping, "initial_index": whole(0, 99)},
}
NEEDED = {
    **{tag: {"content"} for tag in ("plain_text", "lark_md", "markdown")},
    "text_tag": {"text"},
    "standard_icon": {"token"},
    "img": {"img_key", "alt"},
    "chart": {"chart_spec"},
    "table": {"columns", "rows"},
    "column_set": {"columns"},
    "column": {"elements"},
    "collapsible_panel": {"header", "elements"},
    "form": {"name", "elements"},
    "button": {"text"},
    "select_static": {"options"},
}
BLOCKS = {"markdown", "hr", "img", "chart", "table", "column_set", "collapsible_panel", "form"} | {
    *("interactive_container", "button", "input", "select_static")
}
CONTAINERS = {"column_set", "column", "collapsible_panel", "form", "interactive_container"}
CONFIG: dict[str, Judge] = {
    "update_multi": lambda value: value is True,
    "enable_forward": boolean,
    "enable_forward_interaction": boolean,
    "width_mode": one_of("default", "compact", "fill"),
    "streaming_mode": boolean,
    "streaming_config": mapping,
    "summary": lambda value: isinstance(value, dict) and set(value) == {"content"} and said(value["content"]),
    "locales": lambda value: isinstance(value, list) and bool(value) and set(value) <= LOCALES,
    "style": mapping,
    "use_custom_translation": boolean,
}
HEADER: dict[str, Judge] = {
    "title": lambda value: isinstance(value, dict) and value.get("tag") in ("plain_text", "lark_md"),
    "subtitle": plain,
    "text_tag_list": lambda value: held(value) and len(value) <= MOST_TAGS,
    "i18n_text_tag_list": mapping,
    "template": one_of(*TEMPLATES),
    "icon": icon,
    "padding": some(EDGES),
}
PANEL_HEADER: dict[str, Judge] = {
    "title": lambda value: isinstance(value, dict) and value.get("tag") in ("plain_text", "markdown"),
    "background_color": color,
    "vertical_align": INSIDE["vertical_align"],
    "padding": some(EDGES),
    "position": one_of("top", "bottom"),
    "width": one_of("fill", "auto", "auto_when_fold"),
    "icon": icon,
    "icon_position": one_of("left", "right", "follow_text"),
    "icon_expanded_angle": lambda value: value in (-180, -90, 90, 180),
}
BORDER: dict[str, Judge] = {"color": color, "corner_radius": any_text}
BEHAVIORS: dict[str, dict[str, Judge]] = {
    "callback": {"value": lambda value: isinstance(value, dict) and bool(value)},
    "open_url": dict.fromkeys(("default_url", "pc_url", "ios_url", "android_url"), web),
}
SPEC = {
    "type",
    "data",
    "xField",
    "yField",
    "seriesField",
    "color",
    "point",
    "legends",
    "axes",
    "markLine",
    "markArea",
    "label",
} | {*("title", "tooltip", "media", "stack", "crosshair", "line", "padding")}
