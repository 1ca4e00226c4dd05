"""Draws the pictures in the documentation from a real run: plays the demo, presses and types in Chromium, and looks.

`make pictures` writes docs/pictures/*.png and terminal.txt. Nothing in them is arranged: the world breaks, the bot
finds out, a person approves. So two runs differ in their figures and ids, and agree in what they show.
"""

import asyncio
import io
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from bot.platforms.terminal import TerminalPlatform
from bot.showcase import SCENARIOS, Showcase, Stage, open_showcase
from docs.chat_cards import draw_chats
from engine.incident import fold
from tests.browser import DESKTOP, PHONE, browser

FOLDER = Path(__file__).parent / "pictures"
LARGEST = 300_000
PATIENCE = 90_000.0
ROOM = "payments"
TALL = {"width": DESKTOP["width"], "height": 1500}
ABOVE_CAUSE = 990
"""Pixels of the evidence, with its charts, that a picture shows above the cause."""

LOOKS = 3
TOLD = (("Cause: ", "Confidence", "▸ "), ("Plan: ", "Dry-run", "  → "), ("Recovered ", "Verdict", "▸ Queries"))
"""Which parts of the terminal's story the excerpt keeps: how one begins, what it holds, before which line it ends."""


class TooLarge(Exception):
    """A picture is larger than a README should carry."""


@asynccontextmanager
async def visitor(chromium: Any, address: str, language: str, scheme: str, size: dict[str, int]) -> AsyncIterator[Any]:
    """A page of somebody who is signed in as Lin and reads in this language and colour scheme."""
    context = await chromium.new_context(viewport=size, color_scheme=scheme, device_scale_factor=1)
    context.set_default_timeout(PATIENCE)
    page = await context.new_page()
    await page.goto(f"{address}/sign-in")
    await page.get_by_role("button", name="Lin").click()
    await page.wait_for_url(f"{address}/")
    await context.add_cookies([{"name": "tocsin_language", "value": language, "url": address}])
    try:
        yield page
    finally:
        await page.goto("about:blank")
        await context.close()


async def enter_thread(page: Any, address: str) -> str:
    """Wait in the room until an incident opens its thread, go there, and give its address."""
    await page.goto(f"{address}/rooms/{ROOM}")
    await page.locator(".open-thread").first.click()
    await page.locator("#status").wait_for()
    return str(page.url)


def card(page: Any, title: str) -> Any:
    """The message whose card has a title with this opening."""
    return page.locator("article.message", has=page.locator("h2", has_text=re.compile(f"^{title}"))).last


async def show(target: Any, below: int) -> None:
    """Scroll until this part of the page stands so many pixels below the top."""
    await target.evaluate("(it, below) => scrollBy(0, it.getBoundingClientRect().top - below)", below)


async def draw(target: Any, name: str) -> None:
    """A picture of a page or of one part of it. TooLarge beyond 300 KB."""
    path = FOLDER / name
    await target.screenshot(path=path, animations="disabled", caret="hide")
    size = path.stat().st_size
    sys.stdout.write(f"{path.name}: {size // 1000} KB\n")
    if size > LARGEST:
        raise TooLarge(f"{path.name} has {size} bytes; at most {LARGEST} are meant for a README.")


async def until_asked(page: Any) -> None:
    """Wait until the thread asks for approval; where the first look came too early to be sure, look again."""
    asked, again = (page.get_by_role("button", name=name) for name in ("Approve…", "Look again"))
    for _ in range(LOOKS):
        await asked.or_(again).first.wait_for()
        if await asked.count():
            return
        await asyncio.sleep(4.0)
        await again.first.click()
    await asked.wait_for()


async def on_other_platforms(showcase: Showcase, chromium: Any, page: Any) -> None:
    """The cards of the incident on this page as they would be sent to Slack, Feishu and WeCom now."""
    house = showcase.house
    href = await page.locator('a[href^="/incidents/"]').first.get_attribute("href")
    incident = fold(await house.store.timeline.read(str(href).rpartition("/")[2]))
    await draw_chats(chromium, incident, house.teams.team(incident.team))


async def approve(page: Any) -> None:
    """Look at the form, draw it, type the word, and wait until recovery was measured."""
    await page.get_by_role("button", name="Approve…").click()
    word = page.locator('input[name="field.word"]')
    await word.fill("CONFIRM_EXECUTE")
    plan = card(page, "Plan:")
    await plan.scroll_into_view_if_needed()
    await draw(plan, "approval-en-dark.png")
    await word.press("Enter")
    await page.get_by_role("button", name="Keep all").wait_for()


async def look(showcase: Showcase) -> None:
    """Live through one incident as a reader of English at night, then look at it as others would."""
    address = showcase.address
    async with browser() as chromium:
        async with visitor(chromium, address, "en", "dark", TALL) as page:
            await showcase.arm(SCENARIOS[0])
            thread = await enter_thread(page, address)
            await page.get_by_role("button", name="Acknowledge").click()
            await until_asked(page)
            await on_other_platforms(showcase, chromium, page)
            await approve(page)
        for language, cause in (("en", "Cause: "), ("zh", "根因：")):
            async with visitor(chromium, address, language, "light", TALL) as page:
                await page.goto(thread)
                await show(card(page, cause), ABOVE_CAUSE)
                await draw(page, f"thread-{language}-light.png")
        async with visitor(chromium, address, "zh", "dark", PHONE) as page:
            await page.goto(thread)
            await show(card(page, "根因："), PHONE["height"] // 10)
            await draw(page, "phone-zh-dark.png")


def excerpt(story: str) -> str:
    """The parts of a terminal's story that a document shows, and a mark where others stood."""
    parts = [part for part in ("\n" + story).split("\n── ") if part.strip()]
    kept = []
    for opening, holding, end in TOLD:
        part = next(part for part in parts if part.startswith(opening) and holding in part)
        kept.append("── " + part.partition(f"\n{end}")[0].rstrip() + "\n")
    return "\n[…]\n\n".join(kept)


async def main() -> None:
    """Play the demo once and draw everything."""
    FOLDER.mkdir(exist_ok=True)
    story = io.StringIO()
    async with open_showcase("127.0.0.1", 0, Stage(language="en"), (TerminalPlatform(story),)) as showcase:
        await look(showcase)
        await showcase.house.outbox.settle(seconds=5.0)
    (FOLDER / "terminal.txt").write_text(excerpt(story.getvalue()), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
