"""Draws a one-off message of the bot; a refusal looks like one."""

from cards.model import Card, Prose
from cards.views.scene import Scene


def say(scene: Scene, key: str) -> Card | None:
    """The message that stands under this timeline key; None where there is none."""
    said = next((item for item in scene.incident.says if item.key == key), None)
    if said is None:
        return None
    text = scene.say(said.phrase)
    title = scene.text("say.refused" if said.refusal else "say.title")
    return Card(
        title=title,
        summary=text,
        tone="warning" if said.refusal else "neutral",
        blocks=(Prose(text, strong=said.refusal),),
        to=(scene.addressee(said.to),) if said.to else (),
    )


def stand_in(scene: Scene, room: str) -> Card:
    """The note that another room took nothing when this was written, so that the incident is shown here."""
    text = scene.text("outbox.stand_in", room=room)
    return Card(title=scene.text("say.title"), summary=text, tone="warning", blocks=(Prose(text),))
