"""Plays the worked example in real Chromium on the demo world: by hand and by keyboard, in Chinese, then in English."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.showcase import SCENARIOS, Showcase, Stage, open_showcase
from engine.incident import Incident, fold
from tests.browser import DESKTOP, PHONE, page  # noqa: F401

pytestmark = pytest.mark.real("chromium")

SLOW = 90_000.0
"""Milliseconds to wait for what the world or the bot does: the baseline, an alert, a look at the sources."""

FITS = "document.documentElement.scrollWidth <= innerWidth"
STEPS = 400


@dataclass
class Visit:
    """A person at a browser, in the room of the demo."""

    page: Any
    showcase: Showcase
    pictures: Path

    async def sign_in(self, name: str) -> None:
        await self.page.goto(f"{self.showcase.address}/sign-in")
        await self.page.get_by_role("button", name=name).click()
        await self.page.wait_for_url(f"{self.showcase.address}/")

    async def picture(self, name: str, *, full: bool = True) -> None:
        """A screenshot for people to look at; it decides nothing."""
        self.pictures.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=str(self.pictures / f"{name}.png"), full_page=full)

    async def reads(self, text: str) -> None:
        await self.page.get_by_text(text).first.wait_for(timeout=SLOW)

    async def says(self, text: str) -> None:
        await self.page.fill("#say", text)
        await self.page.press("#say", "Enter")
        await self.page.locator(".said", has_text=text).wait_for()

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click(timeout=SLOW)

    async def tabs_to(self, name: str) -> None:
        """Reach a button with the keyboard alone, from the top of the page."""
        await self.page.evaluate("document.activeElement.blur(); window.getSelection().removeAllRanges()")
        for _ in range(STEPS):
            await self.page.keyboard.press("Tab")
            if str(await self.page.evaluate("document.activeElement.innerText || ''")).strip() == name:
                return
        raise AssertionError(f"the keyboard never reached {name}")

    async def fits(self) -> bool:
        return bool(await self.page.evaluate(FITS))


async def told(showcase: Showcase) -> Incident:
    """The newest incident as its timeline stands."""
    (newest,) = await showcase.house.store.register.newest(limit=1)
    return fold(await showcase.house.store.timeline.read(newest))


async def test_the_worked_example(page: Any, root: Path) -> None:  # noqa: F811
    async with open_showcase("127.0.0.1", 0, Stage(language="zh")) as showcase, asyncio.TaskGroup() as group:
        arming = group.create_task(showcase.arm(SCENARIOS[0]))
        lin = Visit(page, showcase, root / "artifacts" / "browser")
        await _enters_the_thread(lin)
        await arming
        await _holds_and_sees_the_cause(lin)
        await _a_guest_may_not(lin)
        await _approves_with_the_keyboard(lin)
        await _sees_the_recovery_and_keeps_the_lessons(lin)
        assert await page.evaluate("window.here") == "the same page", "every card came and changed without a reload"
        await _reads_the_whole_story(lin)
        await page.goto("about:blank")


async def _enters_the_thread(lin: Visit) -> None:
    await lin.sign_in("林 Lin")
    await lin.picture("01-overview")
    await lin.page.goto(f"{lin.showcase.address}/rooms/payments")
    # The room is empty when it is opened; the thread comes by itself.
    await lin.page.locator("a.open-thread").first.wait_for(timeout=SLOW)
    await lin.picture("02-room")
    await lin.page.locator("a.open-thread").first.click()
    await lin.page.locator("#say").wait_for()
    await lin.page.evaluate("window.here = 'the same page'")


async def _holds_and_sees_the_cause(lin: Visit) -> None:
    await lin.says("先不要回滚。请查证据，判断是不是 v2.3.1 发布导致")
    await lin.reads("只读不改")
    await lin.presses("认领")
    await lin.reads("耗尽了数据库连接池")
    await lin.reads("已叫停")
    await lin.page.get_by_role("button", name="解除叫停").first.wait_for(timeout=SLOW)
    assert await lin.page.locator("svg").count() > 0, "charts, not pictures of charts"
    assert await lin.page.get_by_role("button", name="批准…", exact=True).count() == 0
    await lin.picture("03-cause-and-held-plan")


async def _a_guest_may_not(lin: Visit) -> None:
    context = await lin.page.context.browser.new_context(viewport=DESKTOP, locale="zh-CN")
    guest = Visit(await context.new_page(), lin.showcase, lin.pictures)
    await guest.sign_in("Guest")
    await guest.page.goto(lin.page.url)
    await guest.presses("解除叫停")
    await guest.page.locator(".toast-refused").first.wait_for()
    await guest.picture("04-guest-refused")
    assert (await told(lin.showcase)).holding, "nothing was lifted"
    await context.close()


async def _approves_with_the_keyboard(lin: Visit) -> None:
    await lin.presses("解除叫停")
    await lin.page.get_by_role("button", name="批准…", exact=True).first.wait_for(timeout=SLOW)
    await lin.tabs_to("批准…")
    await lin.page.keyboard.press("Enter")
    await lin.page.locator("form.ask input[name='field.word']").wait_for()
    await lin.page.keyboard.type("confirm_execute")
    await lin.page.keyboard.press("Enter")
    await lin.page.locator("form.ask .toast-refused").wait_for()
    await lin.picture("05-wrong-word")
    assert (await told(lin.showcase)).status == "awaiting_approval"
    await lin.page.keyboard.press("Control+A")
    await lin.page.keyboard.type("CONFIRM_EXECUTE")
    await lin.page.keyboard.press("Enter")


async def _sees_the_recovery_and_keeps_the_lessons(lin: Visit) -> None:
    await lin.page.get_by_role("button", name="全部保留", exact=True).first.wait_for(timeout=SLOW)
    await lin.reads("前后对比")
    await lin.picture("06-recovered")
    await lin.presses("全部保留")
    await lin.reads("已保留")
    await lin.presses("关闭")
    await lin.reads("已关闭")
    state = await told(lin.showcase)
    assert (state.outcome, state.acknowledged_by, state.closed_by) == ("recovered", "lin", "lin")
    assert {taught.state for taught in state.lessons.values()} == {"kept"}
    await lin.picture("07-closed")


async def _reads_the_whole_story(lin: Visit) -> None:
    state, thread = await told(lin.showcase), lin.page.url
    await lin.page.goto(f"{lin.showcase.address}/incidents/{state.id}")
    whole = await lin.page.locator("#main").text_content()
    assert state.sweep is not None
    for evidence in state.sweep.evidence:
        assert evidence.id in whole
    await lin.picture("08-incident-page")
    assert await lin.page.locator("text=approval.resolved").count() > 0, "the timeline stands on the page"
    for number, path in enumerate((thread, lin.page.url), 9):
        await lin.page.goto(path)
        for scheme in ("light", "dark"):
            await lin.page.emulate_media(color_scheme=scheme)
            await lin.page.set_viewport_size(PHONE)
            assert await lin.fits(), f"{path} scrolls sideways on a phone"
            await lin.picture(f"{number:02}-phone-{scheme}")
            await lin.page.set_viewport_size(DESKTOP)
            await lin.picture(f"{number:02}-desktop-{scheme}")
    await lin.page.emulate_media(color_scheme="light")
    await lin.page.goto(thread)
    await lin.presses("English")
    await lin.reads("Recovered")
    assert await lin.page.evaluate("document.documentElement.lang") == "en"
    words = await lin.page.locator(".message.by-bot").all_inner_texts()
    assert any("database connections" in text for text in words), "cards speak the reader's language"
    await lin.picture("11-english")
