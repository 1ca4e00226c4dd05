"""Tells each way an approval must not come about: with a clear word to the person, and an entry in the audit."""

from datetime import timedelta
from pathlib import Path

import pytest

from engine.incident import Proposal
from engine.model import Phrase
from tests.stories.stage import Heard, Story, in_story_time, open_story

BOTH = pytest.mark.parametrize("language", ["zh", "en"])


async def waiting(story: Story) -> Proposal:
    """Bring the story to where the approval of a rollback waits."""
    story.world.release_leaks()
    await story.alert()
    return await story.asked()


async def refused(story: Story, heard: Heard, who: str) -> str:
    """The person read a clear word, the audit holds the attempt, the room shows it, and nothing was done."""
    assert heard.tone == "refused", heard
    assert len(heard.text) > 10
    entries = [e for e in await story.entries() if e.kind in ("approval.refused", "request.refused")]
    assert entries, "the attempt was written down"
    last = entries[-1]
    assert last.actor == who
    assert last.body["attempt"]
    assert story.words.say(Phrase.model_validate(last.body["say"])) == heard.text
    if last.kind == "approval.refused":
        assert heard.text.split()[0] in await story.reads(f"say:{last.key}")
    assert story.world.target.done == []
    assert not await story.entries("action.intended")
    return heard.text


TYPED = {
    "confirmed": "confirmed",
    "not yet": "not CONFIRM_EXECUTE yet",
    "lower case": "confirm_execute",
    "full width": "ＣＯＮＦＩＲＭ＿ＥＸＥＣＵＴＥ",
    "zero width": "CONFIRM\u200b_EXECUTE",
    "nothing": "",
    "with more": "CONFIRM_EXECUTE please",
    "chinese yes": "确认执行",
}


@BOTH
@pytest.mark.parametrize("typed", TYPED.values(), ids=TYPED)
@in_story_time
async def test_a_form_takes_exactly_the_word(tmp_path: Path, typed: str, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        lin = story.person("lin")
        await lin.presses("approve", approval=proposal.request.id)
        assert "CONFIRM_EXECUTE" in await refused(story, await lin.types(typed), "lin")
        assert (await lin.types("CONFIRM_EXECUTE")).tone == "ok", "a wrong word costs nothing"
        await story.status("recovered")


SAID = {
    "confirmed": "confirmed",
    "not yet": "not CONFIRM_EXECUTE yet",
    "lower case": "approve {id} confirm_execute",
    "the word alone": "CONFIRM_EXECUTE",
    "chinese confirmed": "确认",
    "with a question": "approve {id} CONFIRM_EXECUTE?",
    "another approval": "approve approval_00abcdef CONFIRM_EXECUTE",
    "two at once": "approve {id} CONFIRM_EXECUTE approve approval_00abcdef CONFIRM_EXECUTE",
}


@BOTH
@pytest.mark.parametrize("text", SAID.values(), ids=SAID)
@in_story_time
async def test_a_message_must_be_the_sentence_and_nothing_else(tmp_path: Path, text: str, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        heard = await story.person("lin").says(text.replace("{id}", proposal.request.id))
        await refused(story, heard, "lin")
        assert (await story.state()).status == "awaiting_approval"


@BOTH
@pytest.mark.parametrize("how", ["quoted", "edited", "forwarded"])
@in_story_time
async def test_words_of_others_and_of_yesterday_never_count(tmp_path: Path, how: str, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        right = f"approve {proposal.request.id} CONFIRM_EXECUTE"
        lin = story.person("lin")
        if how == "quoted":
            heard = await lin.says("+1", quoted=right)
        else:
            heard = await lin.says(right, edited=how == "edited", forwarded=how == "forwarded")
        await refused(story, heard, "lin")


async def _by(who: str, story: Story, proposal: Proposal) -> Heard:
    assert proposal.request is not None
    return await story.person(who).says(f"approve {proposal.request.id} CONFIRM_EXECUTE")


@BOTH
@pytest.mark.parametrize(
    "who, actor", [("wang", "wang"), ("guest", "guest"), ("stranger", "chat:U666"), ("eve", "chat:U9")]
)
@in_story_time
async def test_a_person_who_may_not(tmp_path: Path, who: str, actor: str, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        await refused(story, await _by(who, story, proposal), actor)
        assert proposal.request is not None
        await refused(story, await story.person(who).presses("approve", approval=proposal.request.id), actor)


@BOTH
@in_story_time
async def test_the_approval_of_another_incident(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        first = story.incident
        await story.alert(story.firing(name="PaymentSlow", shard="2"), groupKey="another")
        assert story.incident != first
        other = await story.asked()
        assert other.request is not None
        assert other.request.id != proposal.request.id
        heard = await story.person("lin").says(f"approve {proposal.request.id} CONFIRM_EXECUTE")
        assert proposal.request.id in await refused(story, heard, "lin")
        heard = await story.person("lin").presses("approve", approval=proposal.request.id)
        await refused(story, heard, "lin")


@BOTH
@in_story_time
async def test_a_card_that_is_no_longer_true(tmp_path: Path, language: str):
    """A form of the first card, sent after the target moved and a second card came, decides nothing."""
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        chen, lin = story.person("chen"), story.person("lin")
        await chen.presses("approve", approval=proposal.request.id)
        story.world.target.touch(story.world.service)
        await lin.says(f"approve {proposal.request.id} CONFIRM_EXECUTE 先 dry-run")
        state = await story.until(lambda s: s.proposals[proposal.plan.id].request not in (None, proposal.request))
        assert story.world.target.done == []
        fresh = state.proposals[proposal.plan.id].request
        assert fresh is not None
        assert fresh.digest != proposal.request.digest
        heard = await chen.types("CONFIRM_EXECUTE")
        await refused(story, heard, "chen")


@BOTH
@in_story_time
async def test_an_expired_one(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        lin = story.person("lin")
        await lin.presses("approve", approval=proposal.request.id)
        await story.house.tools.clock.sleep(timedelta(minutes=16).total_seconds())
        (entry,) = await story.entries("approval.resolved")
        assert (entry.actor, entry.body["verdict"]) == ("tocsin", "expired")
        await refused(story, await lin.types("CONFIRM_EXECUTE"), "lin")
        await refused(story, await _by("chen", story, proposal), "chen")
        assert (await story.state()).status == "needs_human"


@BOTH
@in_story_time
async def test_a_second_use_and_a_flipped_decision(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        chen = story.person("chen")
        await chen.presses("approve", approval=proposal.request.id)
        assert (await _by("lin", story, proposal)).tone == "ok"
        late = await chen.types("CONFIRM_EXECUTE")
        again = await _by("lin", story, proposal)
        flipped = await chen.presses("reject", approval=proposal.request.id)
        for heard in (late, again, flipped):
            assert heard.tone == "refused"
            assert "Lin" in heard.text, "the second one is told who was first"
        await story.status("recovered")
        assert len(story.world.target.done) == 1
        assert len(await story.entries("approval.resolved")) == 1
        assert len(await story.entries("approval.refused")) == 3


@BOTH
@in_story_time
async def test_a_held_one_cannot_be_approved_in_any_way(tmp_path: Path, language: str):
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        lin, chen = story.person("lin"), story.person("chen")
        await lin.presses("approve", approval=proposal.request.id)
        await story.person("wang").says("先不要回滚" if language == "zh" else "do not roll back")
        assert "Wang" in await refused(story, await lin.types("CONFIRM_EXECUTE"), "lin")
        assert "Wang" in await refused(story, await _by("chen", story, proposal), "chen")
        assert "Wang" in await refused(story, await chen.presses("approve", approval=proposal.request.id), "chen")
        held = (await story.state()).holding[0]
        assert (await story.person("guest").presses("lift", constraint=held.id)).tone == "refused"
        assert (await chen.presses("lift", constraint=held.id)).tone == "ok"
        assert (await story.state()).status == "awaiting_approval"
        assert story.world.target.done == []
        # Who lifted asked for nothing, so that the same person may approve.
        assert (await _by("chen", story, proposal)).tone == "ok"
        await story.status("recovered")


@BOTH
@in_story_time
async def test_the_requester(tmp_path: Path, language: str):
    """Wang asks for an operation of the catalogue; were he an approver, he still could not approve it himself."""
    async with open_story(tmp_path, language) as story:
        proposal = await waiting(story)
        assert proposal.request is not None
        lin = story.person("lin")
        await lin.presses("reject", approval=proposal.request.id)
        await lin.types("first a word with the developers")
        await story.status("needs_human")
        heard = await lin.says("@tocsin plan rollback_canary payment-service previous_version=v2.3.0")
        assert heard.tone == "ok", heard
        state = await story.until(lambda s: len(s.proposals) == 2 and [*s.proposals.values()][-1].request)
        asked = [*state.proposals.values()][-1]
        assert asked.plan.requester == "lin"
        assert "Chen" in await refused(story, await _by("lin", story, asked), "lin")
        assert (await _by("chen", story, asked)).tone == "ok"
        await story.status("recovered")


@BOTH
@in_story_time
async def test_what_policy_forbids_is_not_even_asked_for(tmp_path: Path, language: str):
    async with open_story(tmp_path, language, policy={"forbidden": ["rollback_canary"]}) as story:
        story.world.release_leaks()
        await story.alert()
        state = await story.status("needs_human")
        (proposal,) = state.proposals.values()
        assert proposal.request is None
        assert proposal.judgement is not None
        assert not proposal.judgement.allowed
        assert await story.reads(f"plan:{proposal.plan.id}")


@BOTH
@in_story_time
async def test_observing_only_is_the_default(tmp_path: Path, language: str):
    async with open_story(tmp_path, language, execution={"enabled": False}) as story:
        story.world.release_leaks()
        await story.alert()
        state = await story.status("needs_human")
        assert state.diagnosis is not None
        assert state.diagnosis.cause is not None, "it still says what it found"
        assert not await story.entries("approval.requested")
        assert story.world.target.done == []
