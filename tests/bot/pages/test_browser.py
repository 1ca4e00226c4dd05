"""Uses the browser room in real Chromium: by hand, by keyboard, on a phone, in the dark, and while things change."""

from typing import Any

import pytest

from cards.model import Ask, Field
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, FormSent
from tests.bot.pages.stage import ROOM, Stage, open_stage
from tests.browser import PHONE, page  # noqa: F401
from tests.cards.factory import APPROVAL, INCIDENT

pytestmark = pytest.mark.real("chromium")

ASK = Ask(
    question="批准回滚？",
    who="赵敏",
    until=None,
    action="approve",
    submit="执行",
    value={"incident": INCIDENT, "approval": APPROVAL},
    fields=(Field(name="word", label="CONFIRM_EXECUTE"),),
)


def plain(text: str) -> Phrase:
    return Phrase(word="error.plain", values={"text": text})


async def enter(page: Any, stage: Stage, name: str = "赵敏") -> None:  # noqa: F811
    await page.goto(f"{stage.url}/sign-in")
    await page.get_by_role("button", name=name).click()
    await page.goto(stage.url + stage.thread_path)


async def test_cards_change_in_place_and_keep_what_a_person_does(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        await stage.tell("incident.created")
        await stage.tell("evidence.collected")
        await enter(page, stage)
        await page.evaluate("window.here = 'the same page'")
        fold = page.locator("details", has_text="ev_log_1").first
        await fold.locator("summary").click()
        await page.fill("#say", "还没说完")
        await stage.tell("approval.requested")
        await page.get_by_text("cp_3344").first.wait_for()
        assert await page.evaluate("window.here") == "the same page"
        assert await page.input_value("#say") == "还没说完"
        assert await fold.get_attribute("open") is not None
        assert await page.locator("#status").inner_text() != ""
        await page.goto("about:blank")


async def test_approving_is_a_press_and_a_typed_word(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        stage.inbox.answers["ButtonPressed:approve"] = Answer(form=ASK)
        stage.inbox.answers["FormSent:approve"] = Answer(tone="refused", phrase=plain("请输入 CONFIRM_EXECUTE"))
        await stage.tell("incident.created")
        await stage.tell("constraint.lifted")
        await enter(page, stage)
        await page.get_by_role("button", name="批准…").click()
        typed = page.get_by_label("CONFIRM_EXECUTE")
        await typed.wait_for()
        assert await typed.evaluate("field => field === document.activeElement")
        await page.keyboard.type("confirmed")
        await stage.show()
        await page.keyboard.press("Enter")
        await page.get_by_text("✕ 请输入 CONFIRM_EXECUTE").wait_for()
        assert await typed.input_value() == "confirmed", "what was typed stays, to be corrected"
        stage.inbox.answers["FormSent:approve"] = Answer(phrase=plain("已批准"))
        await typed.fill("CONFIRM_EXECUTE")
        await page.keyboard.press("Enter")
        await page.get_by_text("✓ 已批准").wait_for()
        sent = [event.fields["word"] for event in stage.inbox.events if isinstance(event, FormSent)]
        assert sent == ["confirmed", "CONFIRM_EXECUTE"]
        assert isinstance(stage.inbox.events[0], ButtonPressed)
        await page.goto("about:blank")


async def test_enter_says_it_and_it_appears(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        await stage.tell("incident.created")
        await enter(page, stage)
        await page.focus("#say")
        await page.keyboard.type("先不要回滚")
        await page.keyboard.press("Shift+Enter")
        await page.keyboard.type("先看证据")
        await page.keyboard.press("Enter")
        await page.locator(".said", has_text="先看证据").wait_for()
        assert await page.input_value("#say") == ""
        assert await stage.said() == ["先不要回滚\n先看证据"]
        await page.goto("about:blank")


async def test_the_keyboard_reaches_everything_in_order(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        await stage.tell("incident.created")
        await enter(page, stage)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        reached = []
        for _ in range(12):
            await page.keyboard.press("Tab")
            told = "document.activeElement.innerText || document.activeElement.id"
            reached.append(str(await page.evaluate(told)).strip())
        assert "认领" in reached
        assert "say" in reached
        assert reached.index("认领") < reached.index("say")
        await page.goto("about:blank")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_phone_never_scrolls_sideways(page: Any, scheme: str) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        await stage.tell("incident.created")
        await stage.tell("incident.closed")
        await page.set_viewport_size(PHONE)
        await page.emulate_media(color_scheme=scheme)
        await enter(page, stage)
        for path in ("/", f"/rooms/{ROOM}", stage.thread_path, f"/incidents/{INCIDENT}", "/sign-in"):
            await page.goto(stage.url + path)
            assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
            assert await contrasts(page) == [], f"{path} in the {scheme}"
        await page.goto("about:blank")


async def contrasts(page: Any) -> list[str]:  # noqa: F811
    """Texts whose contrast with what is behind them is below WCAG AA (4.5, and 3 where the text is large)."""
    found: list[str] = await page.evaluate(
        """() => {
          const rgba = (text) => (text.match(/[\\d.]+/g) || [0, 0, 0, 0]).map(Number);
          const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
            .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
            .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
          const behind = (node) => {
            for (let at = node; at; at = at.parentElement) {
              const colour = rgba(getComputedStyle(at).backgroundColor);
              if (colour.length < 4 || colour[3] > 0.99) return colour;
            }
            return [255, 255, 255];
          };
          const bad = [];
          for (const node of document.querySelectorAll("body *")) {
            const own = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
            if (!own || !node.checkVisibility() || node.closest("svg, :disabled, .skip, .visually-hidden")) continue;
            const style = getComputedStyle(node);
            const [one, two] = [light(rgba(style.color)), light(behind(node))].sort((a, b) => b - a);
            const size = parseFloat(style.fontSize);
            const large = size >= 24 || (size >= 18.6 && style.fontWeight >= 700);
            const ratio = (one + 0.05) / (two + 0.05);
            if (ratio < (large ? 3 : 4.5)) bad.push(`${node.textContent.trim().slice(0, 40)}: ${ratio.toFixed(2)}`);
          }
          return bad;
        }"""
    )
    return found


async def test_a_lost_connection_is_said(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        await stage.tell("incident.created")
        await enter(page, stage)
        await page.evaluate("document.body.classList.add('offline')")
        shown = await page.evaluate("getComputedStyle(document.body, '::after').content")
        assert "连接断开" in shown
        await page.goto("about:blank")


async def test_without_script_it_still_works(page: Any) -> None:  # noqa: F811
    async with open_stage(personas=True) as stage:
        stage.inbox.answers["ack"] = Answer(phrase=plain("已认领"))
        await stage.tell("incident.created")
        await enter(page, stage)
        scriptless = await page.context.browser.new_context(java_script_enabled=False, locale="zh-CN")
        still = await scriptless.new_page()
        await enter(still, stage)
        await still.get_by_role("button", name="认领").click()
        await still.get_by_text("✓ 已认领").wait_for()
        await still.get_by_role("button", name="English").click()
        await still.get_by_role("button", name="Acknowledge").wait_for()
        await scriptless.close()
        await page.goto("about:blank")
