"""Asks what is wrong, and with which service, when somebody declares an incident from a message."""

from dataclasses import replace
from typing import Any

from bot.platforms.slack.arrival import Doorstep
from bot.platforms.slack.drawing import Easel
from bot.platforms.slack.inbound import DECLARE
from bot.platforms.slack.payload import text
from cards.model import Ask, Field
from cards.words import Words


def declaration(easel: Easel, step: Doorstep, language: str) -> dict[str, Any]:
    """The form, with the message's own words in it."""
    words = Words(language)
    ask = Ask(
        question=words.text("slack.declare"),
        who=words.text("form.who_responder"),
        until=None,
        action=DECLARE,
        submit=words.text("slack.declare_submit"),
        fields=(
            Field(name="service", label=words.text("slack.declare_service"), required=False),
            Field(name="what", label=words.text("slack.declare_what"), value=text(step.view, "said")),
        ),
    )
    here = replace(step, thread="")
    return {**easel.form(ask, language, here.room, here.thread), "callback_id": DECLARE}
