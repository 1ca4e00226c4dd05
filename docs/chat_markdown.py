"""Draws the markdown that Feishu and WeCom share as HTML: bold, coloured words, links, code, quotations, tables."""

import re
from itertools import groupby

KNOWN = re.compile(r"""(<font color=['"][\w-]+['"]>|</font>|<text_tag color=['"][\w-]+['"]>|</text_tag>|<br>)""")
COLOR = re.compile(r"""<font color=['"]([\w-]+)['"]>""")
TAG = re.compile(r"""<text_tag color=['"]([\w-]+)['"]>""")
LOOSE = re.compile(r"&(?!#?\w+;)")
BOLD = re.compile(r"\*\*(.+?)\*\*")
ITALIC = re.compile(r"(?<!\*)\*([^*\n]+)\*(?!\*)")
LINK = re.compile(r"\[([^\]]*)\]\((https?://[^)]*)\)")
CODE = re.compile(r"`([^`]+)`")
RULE = re.compile(r"\|[-|: ]+\|")


def drawn(text: str) -> str:
    """All the lines; neighbours of one kind stand together."""
    return "".join(_group(kind, list(some)) for kind, some in groupby(_kinds(text), lambda pair: pair[0]))


def _kinds(text: str) -> list[tuple[str, str]]:
    """Each line after what it is part of: "code", "table", "quote", "title" or "line"."""
    found: list[tuple[str, str]] = []
    fenced = False
    for row in text.split("\n"):
        if row.startswith("```"):
            fenced = not fenced
        elif fenced:
            found.append(("code", row))
        else:
            kind = {"|": "table", ">": "quote", "#": "title"}.get(row[:1], "line")
            found.append((kind, row))
    return found


def _group(kind: str, some: list[tuple[str, str]]) -> str:
    rows = [row for _, row in some]
    match kind:
        case "code":
            return f"<pre>{chr(10).join(map(_escaped, rows))}</pre>"
        case "table":
            return f"<table>{''.join(_row(row) for row in rows if not RULE.fullmatch(row))}</table>"
        case "quote":
            return f"<blockquote>{''.join(f'<div>{inline(row[1:].strip())}</div>' for row in rows)}</blockquote>"
        case "title":
            return "".join(f"<h3>{inline(row.lstrip('# '))}</h3>" for row in rows)
        case _:
            return "".join(f"<div>{inline(row) or '&nbsp;'}</div>" for row in rows)


def _row(row: str) -> str:
    return f"<tr>{''.join(f'<td>{inline(cell.strip())}</td>' for cell in row.strip('|').split('|'))}</tr>"


def inline(row: str) -> str:
    """The marks within a line. Entities stay what they are, and every tag but the few known is shown as written."""
    parts = [_tag(part) if at % 2 else _escaped(part) for at, part in enumerate(KNOWN.split(row))]
    said = CODE.sub(r"<code>\1</code>", LINK.sub(r"<a>\1</a>", "".join(parts)))
    return ITALIC.sub(r"<i>\1</i>", BOLD.sub(r"<b>\1</b>", said))


def _tag(tag: str) -> str:
    """One of the known tags as HTML has it."""
    if tag.startswith("</"):
        return "</span>"
    return TAG.sub(r'<span class="tag \1">', COLOR.sub(r'<span class="\1">', tag))


def _escaped(text: str) -> str:
    return LOOSE.sub("&amp;", text).replace("<", "&lt;").replace(">", "&gt;")
