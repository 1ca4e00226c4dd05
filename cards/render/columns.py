"""Measures and breaks text for a terminal, where Chinese takes two columns and a combining mark none."""

import unicodedata


def columns(text: str) -> int:
    """How many columns a terminal gives this text. Ambiguous ones count one, as in most terminals."""
    return sum(_of(character) for character in text)


def fitted(text: str, width: int) -> str:
    """The text cut or padded with spaces to exactly `width` columns (at least 1)."""
    used, cut = columns(text), text
    if used > width:
        while used > width - 1:
            used -= _of(cut[-1])
            cut = cut[:-1]
        cut, used = cut + "…", used + 1
    return cut + " " * (width - used)


def wrapped(text: str, width: int) -> list[str]:
    """Lines of at most `width` columns: broken at spaces and between wide characters, words that do not fit are cut."""
    lines: list[str] = []
    for paragraph in text.expandtabs(4).split("\n"):
        lines += _paragraph(paragraph, max(width, 2))
    return lines


def _paragraph(text: str, width: int) -> list[str]:
    lines: list[str] = []
    line, used, breakable = "", 0, 0
    for character in text:
        size = _of(character)
        if used + size > width:
            if character == " ":
                lines.append(line)
                line, used, breakable = "", 0, 0
                continue
            kept = line[:breakable].rstrip() if breakable else line
            rest = line[breakable:] if breakable else ""
            lines.append(kept)
            line, used, breakable = rest, columns(rest), 0
        line += character
        used += size
        if _breaks_after(character):
            breakable = len(line)
    lines.append(line)
    return lines


def _of(character: str) -> int:
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def _breaks_after(character: str) -> bool:
    return character == " " or (unicodedata.east_asian_width(character) in ("W", "F") and character not in "(「『《“")
