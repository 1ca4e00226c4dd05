"""Draws a document of Feishu's Card JSON 2.0 as HTML, near enough to how Feishu shows it to know what to expect."""

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

from docs.chat_markdown import drawn
from docs.feishu_chart import svg

Json = Mapping[str, Any]

STYLE = """
body { margin: 0; background: #f2f3f5; color: #1f2329;
  font: 14px/1.6 "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { padding: 16px; display: grid; gap: 14px; }
article { background: #fff; border: 1px solid #dee0e3; border-radius: 10px; overflow: hidden; }
header { padding: 10px 14px; display: flex; gap: 8px; align-items: center; flex-wrap: wrap; }
header b { font-size: 16px; }
header.orange { background: #feead2; color: #8f4b0a; } header.blue { background: #d9e5fd; color: #133c9a; }
header.red { background: #fde2e2; color: #ac2f28; } header.green { background: #d9f3e0; color: #186010; }
header.grey { background: #eff0f1; color: #646a73; }
.tag { border-radius: 4px; padding: 0 6px; font-size: 12px; }
.tag.neutral { background: #dfe0e3; color: #42464e; } .tag.blue { background: #bacefd; color: #133c9a; }
.tag.orange { background: #fed4a4; color: #8f4b0a; } .tag.red { background: #fdc6c4; color: #81221c; }
.tag.green { background: #b7edb1; color: #186010; }
.body { padding: 12px 14px; display: grid; gap: 8px; }
.columns { display: flex; gap: 8px; border-radius: 6px; } .columns.tint { padding: 8px 10px; }
.columns.flow { flex-wrap: wrap; } .column.weighted { flex: 1; min-width: 0; overflow-wrap: anywhere; }
.orange-50 { background: #fff5eb; } .red-50 { background: #fef1f1; } .blue-50 { background: #f0f4ff; }
.green-50 { background: #f0fbef; } .grey-50 { background: #f5f6f7; }
.panel { border: 1px solid #dee0e3; border-radius: 5px; }
.panel > .title { display: flex; justify-content: space-between; padding: 4px 8px; }
.panel > .inside { display: grid; gap: 8px; padding: 0 8px 8px; }
.grey { color: #8f959e; } .red { color: #d83931; } .orange { color: #c77000; } .green { color: #2ea121; }
.blue, a { color: #245bdb; }
code { background: #f5f6f7; border: 1px solid #e3e6ea; border-radius: 4px; padding: 0 4px;
  font: 12px/1.5 "DejaVu Sans Mono", "WenQuanYi Micro Hei Mono", monospace; }
svg { display: block; }
.notation { font-size: 12px; }
.button { display: inline-block; border: 1px solid #d0d3d6; border-radius: 6px; padding: 3px 14px; background: #fff; }
.button.danger_filled { background: #f54a45; border-color: #f54a45; color: #fff; }
.button.primary_filled { background: #3370ff; border-color: #3370ff; color: #fff; }
.button.danger { border-color: #f54a45; color: #f54a45; } .button.primary { border-color: #3370ff; color: #3370ff; }
.input { border: 1px solid #d0d3d6; border-radius: 6px; padding: 4px 10px; color: #8f959e; }
pre { background: #f5f6f7; border-radius: 6px; margin: 4px 0; padding: 8px 10px; white-space: pre-wrap;
  font: 12px/1.6 "DejaVu Sans Mono", "WenQuanYi Micro Hei Mono", monospace; }
table { border-collapse: collapse; width: 100%; } td { border: 1px solid #dee0e3; padding: 4px 8px; }
"""


def page(documents: Sequence[Json]) -> str:
    """These cards, one below the other."""
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{''.join(map(_card, documents))}</main>"


def _card(document: Json) -> str:
    header = document["header"]
    tags = "".join(
        f'<span class="tag {escape(tag["color"])}">{_plain(tag["text"])}</span>'
        for tag in header.get("text_tag_list", ())
    )
    title = f'<header class="{escape(header["template"])}"><b>{_plain(header["title"])}</b>{tags}</header>'
    return f'<article>{title}<div class="body">{_all(document["body"]["elements"])}</div></article>'


def _all(elements: Sequence[Json]) -> str:
    return "".join(ELEMENTS[element["tag"]](element) for element in elements)


def _plain(text: Json) -> str:
    return escape(text["content"])


def _markdown(element: Json) -> str:
    return f'<div class="{escape(element.get("text_size", ""))}">{drawn(element["content"])}</div>'


def _columns(element: Json) -> str:
    tint = element["background_style"]
    names = f"columns {element['flex_mode']} {'' if tint == 'default' else f'tint {tint}'}"
    inside = "".join(
        f'<div class="column {escape(column["width"])}">{_all(column["elements"])}</div>'
        for column in element["columns"]
    )
    return f'<div class="{escape(names)}">{inside}</div>'


def _panel(element: Json) -> str:
    expanded = element["expanded"]
    title = f'<div class="title">{_markdown(element["header"]["title"])}<span>{"︿" if expanded else "﹀"}</span></div>'
    inside = f'<div class="inside">{_all(element["elements"])}</div>' if expanded else ""
    return f'<div class="panel">{title}{inside}</div>'


def _button(element: Json) -> str:
    return f'<span class="button {escape(element["type"])}">{_plain(element["text"])}</span>'


def _chart(element: Json) -> str:
    return f"<div>{svg(element['chart_spec'])}</div>"


def _form(element: Json) -> str:
    return f'<div class="body">{_all(element["elements"])}</div>'


def _input(element: Json) -> str:
    return f'<div class="input">{_plain(element["placeholder"])}</div>'


ELEMENTS: dict[str, Callable[[Json], str]] = {
    "markdown": _markdown,
    "column_set": _columns,
    "collapsible_panel": _panel,
    "button": _button,
    "chart": _chart,
    "form": _form,
    "input": _input,
}
