"""Checks that what people do on the pages arrives once, as what it was, and gets a visible answer."""

from cards.model import Ask, Card, Field, Prose
from engine.model import Phrase
from handlers.inbound import Answer, ButtonPressed, CommandTyped, FormSent, MessageSaid
from tests.bot.pages.stage import ROOM, Stage, hidden, open_stage
from tests.cards.factory import APPROVAL, INCIDENT

ASK = Ask(
    question="批准回滚？",
    who="赵敏",
    until=None,
    action="approve",
    submit="执行",
    value={"incident": INCIDENT, "approval": APPROVAL},
    fields=(Field(name="word", label="CONFIRM_EXECUTE"),),
)
JSON = {"Accept": "application/json"}


def plain(text: str) -> Phrase:
    return Phrase(word="error.plain", values={"text": text})


async def approving(stage: Stage) -> dict[str, str]:
    await stage.tell("incident.created")
    await stage.tell("constraint.lifted")
    await stage.sign_in("zhao")
    return await stage.form(stage.thread_path, "/act", 'value="approve"')


async def test_a_button_says_who_pressed_what_and_where() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["ack"] = Answer(phrase=plain("已认领"))
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act", 'value="ack"')
        answer = await stage.send("/act", form)
        assert answer.headers["Location"] == stage.thread_path
        (event,) = stage.inbox.events
        assert isinstance(event, ButtonPressed)
        assert (event.action, event.value) == ("ack", {"incident": INCIDENT})
        assert (event.account.platform, event.account.id, event.account.name) == ("console", "lin", "林晓")
        assert (event.at.room, event.at.thread, event.at.incident) == (ROOM, stage.thread, INCIDENT)
        assert "已认领" in await (await stage.client.get(stage.thread_path)).text()
        assert "已认领" not in await (await stage.client.get(stage.thread_path)).text()


async def test_a_form_sent_twice_acts_once() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        ack = await stage.form(stage.thread_path, "/act", 'value="ack"')
        await stage.send("/act", ack)
        again = await stage.send("/act", ack, **JSON)
        assert (await again.json())["text"]
        assert (len(stage.inbox.events), stage.inbox.again) == (1, 1)
        close = await stage.form(stage.thread_path, "/act", 'value="close"')
        await stage.send("/act", close | {"id": ack["id"]})
        assert len(stage.inbox.events) == 2, "another button of the same drawing is another press"


async def test_a_message_sent_twice_stands_once() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/say") | {"text": " 先不要回滚 "}
        await stage.send("/say", form)
        await stage.send("/say", form)
        assert await stage.said() == ["先不要回滚"]
        text = await (await stage.client.get(stage.thread_path)).text()
        assert text.count("先不要回滚</p>") == 1
        (event,) = stage.inbox.events
        assert isinstance(event, MessageSaid)
        assert event.mentions_bot


async def test_a_line_with_a_slash_is_a_command() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        await stage.send("/say", await stage.form(stage.thread_path, "/say") | {"text": "/incident ack"})
        (event,) = stage.inbox.events
        assert isinstance(event, CommandTyped)
        assert (event.text, event.at.incident) == ("/incident ack", INCIDENT)


async def test_nothing_said_is_refused() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        answer = await stage.send("/say", await stage.form(stage.thread_path, "/say") | {"text": " \n "})
        assert answer.status == 400


async def test_a_form_is_a_page_of_its_own_without_script() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["ButtonPressed:approve"] = Answer(form=ASK)
        page = await stage.send("/act", await approving(stage))
        assert page.status == 200
        text = await page.text()
        assert "批准回滚？" in text
        form = hidden(text, "/send")
        stage.inbox.answers["FormSent:approve"] = Answer(tone="refused", phrase=plain("请输入 CONFIRM_EXECUTE"))
        sent = await stage.send("/send", form | {"field.word": " confirm_execute "})
        assert sent.headers["Location"] == stage.thread_path
        event = stage.inbox.events[-1]
        assert isinstance(event, FormSent)
        assert event.fields == {"word": " confirm_execute "}, "what was typed arrives untouched"
        assert event.value == {"incident": INCIDENT, "approval": APPROVAL}
        after = await (await stage.client.get(stage.thread_path)).text()
        assert "toast-refused" in after
        assert "请输入 CONFIRM_EXECUTE" in after


async def test_with_script_the_form_comes_as_a_fragment_and_may_be_corrected() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["ButtonPressed:approve"] = Answer(form=ASK)
        told = await (await stage.send("/act", await approving(stage), **JSON)).json()
        form = hidden(told["html"], "/send")
        assert told["next"] != form["id"]
        for word in ("confirmed", "CONFIRM_EXECUTE"):
            await stage.send("/send", form | {"field.word": word}, **JSON)
        sent = [event.fields["word"] for event in stage.inbox.events if isinstance(event, FormSent)]
        assert sent == ["confirmed", "CONFIRM_EXECUTE"]


async def test_a_card_only_this_person_needs_is_shown_to_them() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["help"] = Answer(card=Card(title="帮助", summary="", blocks=(Prose("ack"),)))
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(f"/rooms/{ROOM}", "/say") | {"text": "help"}
        told = await (await stage.send("/say", form, **JSON)).json()
        assert "帮助" in told["html"]
        assert "帮助" in told["plain"]
        await stage.sign_in("zhao")
        assert "帮助" not in await (await stage.client.get(f"/rooms/{ROOM}")).text()


async def test_every_press_has_an_answer() -> None:
    async with open_stage() as stage:
        stage.inbox.answers["ack"] = Answer(tone="quiet")
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(stage.thread_path, "/act", 'value="ack"')
        assert (await (await stage.send("/act", form, **JSON)).json())["text"]


async def test_the_page_of_an_incident_acts_in_its_thread() -> None:
    async with open_stage() as stage:
        await stage.tell("alert.normalized")
        await stage.sign_in("lin")
        form = await stage.form(f"/incidents/{INCIDENT}", "/act", 'value="ack"')
        answer = await stage.send("/act", form)
        assert answer.headers["Location"] == f"/incidents/{INCIDENT}"
        assert stage.inbox.events[0].at.thread == stage.thread  # type: ignore[union-attr]
