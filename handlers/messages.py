"""Listens to what people say in a thread: typed approvals first, then constraints, commands, plain words."""

from engine.consent import approval_in, doubt, parse_constraint, parse_typed, sounds_like_consent, without_mention
from engine.masking import mask
from handlers import commands, decisions, deeds
from handlers.inbound import Answer, MessageSaid
from handlers.visit import QUIET, SAID, Visit

BOT_NAMES = ("tocsin", "Tocsin")
"""What a mention of the bot looks like in text; platforms that write it otherwise take it off themselves."""

SHORT = 12
"""Characters of an answer that only leans on what it quotes ("+1", "this")."""


async def hear(visit: Visit, event: MessageSaid) -> Answer:
    """Answer a message. In a thread of ours nobody is met with silence; elsewhere only who speaks to us is answered."""
    said = event.text[:SAID].replace("\x00", "")
    text = without_mention(said, BOT_NAMES)
    addressed = event.mentions_bot or text != said.strip(" ") or text.startswith("/")
    if not visit.incident.id:
        if visit.again:
            return QUIET
        return await commands.obey(visit, text, addressed=True) if addressed else await commands.quietly(visit, text)
    body = {"text": mask(said), "name": event.account.name, "platform": event.at.platform}
    await visit.write(f"said:{visit.id}", "message.said", body)
    if means_to_consent(visit, text, event.quoted):
        return await decisions.typed(visit, event, text)
    held = parse_constraint(text)
    if held is not None and not event.edited and not event.forwarded:
        if visit.may("responder"):
            return await deeds.hold(visit, text, held)
        return await visit.refuse("error.role.responder", text, person=visit.name(visit.actor))
    return QUIET if visit.again else await commands.obey(visit, text, addressed)


def means_to_consent(visit: Visit, text: str, quoted: str) -> bool:
    """Whether a message is an attempt to approve, good or bad. Whoever types the word, or something that looks like it,
    means it; whoever only sounds like a yes means it while something waits for one."""
    if parse_typed(text) is not None or doubt(text) in ("more", "lower_case", "lookalike"):
        return True
    if not any(p.request and not p.decision for p in visit.incident.proposals.values()):
        return False
    if sounds_like_consent(text):
        # A bare "approve approval_…" is the button in words: it opens the form and counts for nothing itself.
        return not approval_in(text) or quoted != ""
    return len(text) <= SHORT and doubt("", quoted) == "quoted"
