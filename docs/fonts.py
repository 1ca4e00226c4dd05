"""Cuts the font that Tocsin ships for its pictures out of Noto Sans CJK, so that Chinese never shows as empty boxes.

`python docs/fonts.py NotoSansCJK-Regular.ttc` writes cards/render/fonts/noto-sans-sc.otf. It needs fonttools, and the
collection as Debian's package fonts-noto-cjk brings it. The same source and version of fonttools give the same bytes.
"""

import sys
from pathlib import Path

from fontTools import subset
from fontTools.pens.boundsPen import BoundsPen
from fontTools.pens.recordingPen import DecomposingRecordingPen
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.transformPen import TransformPen
from fontTools.ttLib import TTFont

FONT = Path(__file__).parent.parent / "cards" / "render" / "fonts" / "noto-sans-sc.otf"
FAMILY = "Noto Sans CJK SC"
LARGEST = 3_000_000
RANGES = (
    (0x20, 0x7E),  # ASCII
    (0xA0, 0x17F),  # Latin-1, Latin Extended-A
    (0x370, 0x3FF),  # Greek
    (0x400, 0x45F),  # Cyrillic
    (0x2010, 0x2049),  # dashes, quotes, ellipsis, per mille
    (0x2070, 0x209C),  # superscripts, subscripts
    (0x20A0, 0x20BF),  # currencies
    (0x2100, 0x214F),  # letter-like
    (0x2150, 0x218F),  # fractions, Roman numerals
    (0x2190, 0x21FF),  # arrows
    (0x2200, 0x22FF),  # mathematics
    (0x2460, 0x24FF),  # numbers in circles
    (0x2500, 0x25FF),  # boxes, blocks, shapes
    (0x2600, 0x27EB),  # symbols, ticks, brackets
    (0x3000, 0x30FF),  # CJK punctuation, kana
    (0xFE30, 0xFE4F),
    (0xFF00, 0xFFEF),  # full width
)


def wanted() -> set[int]:
    """The code points of the ranges above and of all 6,763 characters of GB 2312."""
    points = {point for first, last in RANGES for point in range(first, last + 1)}
    for row in range(0xB0, 0xF8):
        for cell in range(0xA1, 0xFF):
            points |= {ord(character) for character in bytes((row, cell)).decode("gb2312", errors="ignore")}
    return points


def cut(collection: Path) -> TTFont:
    """The Simplified Chinese face of the collection with those characters alone, without hints and features."""
    options = subset.Options(
        layout_features=[], hinting=False, notdef_outline=True, name_IDs=["*"], drop_tables=["vhea", "vmtx", "VORG"]
    )
    font = next(face for number in range(10) if (face := _face(collection, number))["name"].getDebugName(1) == FAMILY)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=wanted())
    cutter.subset(font)
    return font


def _face(collection: Path, number: int) -> TTFont:
    return TTFont(collection, fontNumber=number, recalcTimestamp=False)


def mark_missing(font: TTFont) -> None:
    """Draw what the font does not have as a question mark in a frame, never as an empty box."""
    glyphs = font.getGlyphSet()
    top, width, line = font["OS/2"].sCapHeight, 700, 50
    pen = T2CharStringPen(width, glyphs)
    for left, low, right, high, clockwise in ((40, -80, 660, top + 80, False), (90, -30, 610, top + 30, True)):
        corners = [(left, low), (right, low), (right, high), (left, high)]
        _outline(pen, corners[::-1] if clockwise else corners)
    question = glyphs[font.getBestCmap()[ord("?")]]
    bounds = BoundsPen(glyphs)
    question.draw(bounds)
    left, low, right, high = bounds.bounds
    scale = (top - 2 * line) / (high - low)
    shift = width / 2 - scale * (left + right) / 2, line - scale * low
    drawn = DecomposingRecordingPen(glyphs)
    question.draw(drawn)
    drawn.replay(TransformPen(pen, (scale, 0, 0, scale, *shift)))
    strings = font["CFF "].cff.topDictIndex[0].CharStrings
    old = strings[".notdef"]
    strings[".notdef"] = pen.getCharString(old.private, old.globalSubrs)
    font["hmtx"][".notdef"] = (width, 40)


def _outline(pen: T2CharStringPen, corners: list[tuple[int, int]]) -> None:
    pen.moveTo(corners[0])
    for corner in corners[1:]:
        pen.lineTo(corner)
    pen.closePath()


def main() -> None:
    """Write the font, or say how it is called."""
    if len(sys.argv) != 2:
        sys.exit("Say which collection: python docs/fonts.py /path/to/NotoSansCJK-Regular.ttc")
    font = cut(Path(sys.argv[1]))
    mark_missing(font)
    FONT.parent.mkdir(exist_ok=True)
    font.save(FONT)
    size = FONT.stat().st_size
    print(f"{FONT.name}: {len(font.getBestCmap()):,} characters, {size:,} bytes")
    if size > LARGEST:
        sys.exit(f"That is more than a package should carry ({LARGEST:,} bytes).")


if __name__ == "__main__":
    main()
