"""Draws a payload of Slack's Block Kit as HTML, near enough to how Slack shows it."""

import re
from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any

Json = Mapping[str, Any]

EMOJI = {
    "white_small_square": "▫️",
    "hourglass_flowing_sand": "⏳",
    "white_check_mark": "✅",
    "x": "❌",
    "heavy_minus_sign": "➖",
}
DATE = re.compile(r"&lt;!date\^\d+\^[^|]*\|(.*?)&gt;")
BOLD = re.compile(r"\*([^*\n]+)\*")
STYLES = {"bold": "b", "italic": "i", "code": "code"}

STYLE = """
body { margin: 0; background: #fff; color: #1d1c1d;
  font: 15px/1.46 Lato, "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { padding: 16px 20px; }
article { display: grid; grid-template-columns: 36px 1fr; gap: 0 10px; margin-bottom: 18px; }
article:last-child { margin-bottom: 0; }
.face { width: 36px; height: 36px; border-radius: 8px; background: #1264a3; color: #fff;
  font: bold 20px/36px sans-serif; text-align: center; }
.from b { font-weight: 900; }
.from span { background: #e8e8e8; color: #616061; font-size: 10px; padding: 1px 4px; border-radius: 2px; }
h2 { font-size: 18px; margin: 6px 0 8px; }
.attachment { border-left: 4px solid; border-radius: 4px; padding: 2px 0 2px 12px; }
.attachment > * { margin: 0 0 8px; }
.fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 16px; }
.context, .context p { color: #616061; font-size: 13px; margin: 0; }
.line { min-height: 1.46em; white-space: pre-wrap; overflow-wrap: anywhere; }
a { color: #1264a3; text-decoration: none; }
code, pre { font: 12px/1.5 "DejaVu Sans Mono", "WenQuanYi Micro Hei Mono", monospace; }
code { border: 1px solid #ddd; border-radius: 3px; background: #f8f8f8; color: #c01343; padding: 1px 3px; }
pre { border: 1px solid #ddd; border-radius: 4px; background: #f8f8f8; margin: 4px 0; padding: 8px;
  white-space: pre-wrap; }
.actions { display: flex; flex-wrap: wrap; gap: 8px; }
.actions span { border: 1px solid #bbb; border-radius: 4px; padding: 3px 12px; font-weight: bold; }
.actions .danger { background: #e01e5a; border-color: #e01e5a; color: #fff; }
.actions .primary { background: #007a5a; border-color: #007a5a; color: #fff; }
img { width: 480px; border: 1px solid #ddd; border-radius: 8px; margin-top: 4px; }
table { border-collapse: collapse; }
td { border: 1px solid #ddd; padding: 4px 8px; }
"""


def page(payloads: Sequence[Json], files: Mapping[str, str]) -> str:
    """The messages of these payloads, one below the other; `files` has the address of each uploaded picture by id."""
    messages = "".join(f'<article><div class="face">T</div><div>{_message(each)}</div></article>' for each in payloads)
    for file, address in files.items():
        messages = messages.replace(f'src="file:{file}"', f'src="{address}"')
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{messages}</main>"


def _message(payload: Json) -> str:
    parts = ['<div class="from"><b>Tocsin</b> <span>APP</span></div>', *map(_block, payload["blocks"])]
    for attachment in payload["attachments"]:
        inside = "".join(map(_block, attachment["blocks"]))
        parts.append(f'<div class="attachment" style="border-color:{escape(attachment["color"])}">{inside}</div>')
    return "".join(parts)


def _block(block: Json) -> str:
    return BLOCKS[block["type"]](block)


def _header(block: Json) -> str:
    return f"<h2>{_text(block['text'])}</h2>"


def _section(block: Json) -> str:
    cells = "".join(f'<div class="line">{_text(field)}</div>' for field in block["fields"])
    return f'<div class="fields">{cells}</div>'


def _context(block: Json) -> str:
    return f'<div class="context">{"".join(f"<p>{_text(each)}</p>" for each in block["elements"])}</div>'


def _actions(block: Json) -> str:
    return f'<div class="actions">{"".join(map(_choice, block["elements"]))}</div>'


def _choice(element: Json) -> str:
    if element["type"] == "overflow":
        return "<span>⋯</span>"
    return f'<span class="{escape(element.get("style", ""))}">{_text(element["text"])}</span>'


def _table(block: Json) -> str:
    rows = ("".join(f"<td>{escape(cell['text'])}</td>" for cell in row) for row in block["rows"])
    return f"<table>{''.join(f'<tr>{row}</tr>' for row in rows)}</table>"


def _image(block: Json) -> str:
    return f'<div>{_text(block["title"])}<br><img src="file:{escape(block["slack_file"]["id"])}" alt=""></div>'


def _rich(block: Json) -> str:
    return f"<div>{''.join(map(_line, block['elements']))}</div>"


def _line(line: Json) -> str:
    runs = "".join(map(_run, line["elements"]))
    return f"<pre>{runs}</pre>" if line["type"] == "rich_text_preformatted" else f'<div class="line">{runs}</div>'


def _run(run: Json) -> str:
    match run["type"]:
        case "emoji":
            return EMOJI[run["name"]]
        case "link":
            said = f"<a>{escape(run['text'])}</a>"
        case "user":
            said = f"<a>@{escape(run['user_id'])}</a>"
        case "date":
            said = escape(run["fallback"])
        case _:
            said = escape(run["text"])
    for name in run.get("style", {}):
        said = f"<{STYLES[name]}>{said}</{STYLES[name]}>"
    return said


def _text(text: Json) -> str:
    """A text object. Markup comes escaped and holds but bold and moments; a moment is shown in the words it has for
    those who know no time zone."""
    if text["type"] == "plain_text":
        return escape(text["text"])
    return BOLD.sub(r"<b>\1</b>", DATE.sub(r"\1", text["text"].replace("<", "&lt;").replace(">", "&gt;")))


BLOCKS: dict[str, Callable[[Json], str]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "image": _image,
    "table": _table,
    "rich_text": _rich,
}
