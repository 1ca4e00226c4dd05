"""Shows that the machine's Chromium runs under our driver and has glyphs for Chinese."""

from typing import Any

import pytest

from tests.browser import PHONE, page  # noqa: F401 - a fixture

INK = """
character => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 64;
    const pen = canvas.getContext("2d");
    pen.font = "48px sans-serif";
    pen.fillText(character, 4, 52);
    return Array.from(pen.getImageData(0, 0, 64, 64).data).join();
}
"""


@pytest.mark.real("chromium")
async def test_chinese_is_drawn_with_glyphs_not_with_boxes(page: Any) -> None:  # noqa: F811
    """A missing glyph is drawn as the same box for every character; two real glyphs differ."""
    await page.set_viewport_size(PHONE)
    await page.set_content('<html lang="zh-CN"><body><h1>支付服务 503 激增</h1><button>批准</button></body></html>')
    assert await page.get_by_role("button", name="批准").is_visible()
    assert await page.evaluate(INK, "批") != await page.evaluate(INK, "准")
    # U+0378 is assigned to no character, so no font has it: this is what a missing glyph looks like.
    assert await page.evaluate(INK, "批") != await page.evaluate(INK, "\u0378")
