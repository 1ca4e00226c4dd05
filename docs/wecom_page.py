"""Draws WeCom's markdown messages and template cards as HTML, near enough to how WeCom shows them."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from docs.chat_markdown import drawn

Json = Mapping[str, Any]

DESCRIBED = ("grey", "black", "red", "green")
STYLE = """
body { margin: 0; background: #f0f0f0; color: #181818;
  font: 14px/1.6 "Noto Sans CJK SC", "WenQuanYi Micro Hei", sans-serif; }
main { padding: 16px; display: grid; gap: 14px; }
article { background: #fff; border-radius: 8px; padding: 12px 16px; overflow-wrap: anywhere; }
.card { width: 360px; box-sizing: border-box; }
h3 { margin: 0 0 2px; font-size: 16px; }
blockquote { margin: 4px 0; padding-left: 10px; border-left: 3px solid #dcdcdc; }
.info { color: #2ba245; } .comment { color: #8a8a8a; } .warning { color: #e37318; } a { color: #386ae3; }
code { background: #f5f5f5; border-radius: 3px; padding: 1px 4px;
  font: 12px/1.5 "DejaVu Sans Mono", "WenQuanYi Micro Hei Mono", monospace; }
.source { font-size: 12px; } .source.grey { color: #8a8a8a; } .source.red { color: #e64340; }
.source.green { color: #2ba245; }
.title { font-size: 17px; font-weight: bold; line-height: 1.4; margin-top: 4px; }
.soft { color: #8a8a8a; } .sub { margin: 8px 0; }
.pair { display: grid; grid-template-columns: 5em 1fr; } .pair span:first-child, .jump { color: #8a8a8a; }
.jump { display: flex; justify-content: space-between; border-top: 1px solid #ececec; margin-top: 10px;
  padding-top: 8px; color: #181818; }
.buttons { display: flex; flex-wrap: wrap; gap: 8px; margin-top: 12px; }
.buttons span { flex: 1; min-width: 40%; box-sizing: border-box; text-align: center; border-radius: 4px; padding: 5px 0;
  background: #f2f2f2; }
.buttons .style1 { background: #386ae3; color: #fff; } .buttons .style3 { background: #f2f2f2; color: #e64340; }
"""


def page(messages: Sequence[str | Json]) -> str:
    """These messages, one below the other: text is markdown, all else a template card."""
    shown = "".join(f"<article>{drawn(each)}</article>" if isinstance(each, str) else _card(each) for each in messages)
    return f"<!doctype html><meta charset=utf-8><style>{STYLE}</style><main>{shown}</main>"


def _card(card: Json) -> str:
    source, title = card["source"], card["main_title"]
    parts = [
        f'<div class="source {DESCRIBED[source["desc_color"]]}">{escape(source["desc"])}</div>',
        f'<div class="title">{escape(title["title"])}</div>',
        f'<div class="soft">{escape(title.get("desc", ""))}</div>',
        f'<div class="sub">{escape(card.get("sub_title_text", ""))}</div>',
        *map(_pair, card.get("horizontal_content_list", ())),
        *(f'<div class="jump">{escape(jump["title"])}<span>›</span></div>' for jump in card.get("jump_list", ())),
    ]
    buttons = "".join(
        f'<span class="style{each["style"]}">{escape(each["text"])}</span>' for each in card["button_list"]
    )
    return f'<article class="card">{"".join(parts)}<div class="buttons">{buttons}</div></article>'


def _pair(pair: Json) -> str:
    return f'<div class="pair"><span>{escape(pair["keyname"])}</span><span>{escape(pair["value"])}</span></div>'
