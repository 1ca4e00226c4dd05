"""Draws what people hold in an incident, each with the way to lift it."""

from cards.model import Block, Card, Facts, Prose
from cards.views.border import across
from cards.views.scene import Scene

MOST = 10


def held(scene: Scene) -> Card:
    """Every constraint that stands, the newest first."""
    incident = scene.incident
    standing = incident.holding[::-1]
    title = scene.text("held.title", incident=incident.id, n=len(standing))
    blocks: list[Block] = [] if standing else [Prose(scene.text("held.nothing"))]
    for each in standing[:MOST]:
        pairs = (
            ("held.what", scene.text(f"command.held.{each.operation_class or 'all'}")),
            ("held.by", scene.person(each.by)),
            ("held.at", scene.words.moment(each.at)),
            ("held.id", each.id),
        )
        facts = Facts(tuple((scene.text(word), value) for word, value in pairs))
        blocks += [Prose(f"“{each.text}”"), facts, *scene.row(scene.button("lift", constraint=each.id))]
    if len(standing) > MOST:
        blocks.append(Prose(scene.text("held.more", n=len(standing) - MOST)))
    return across(Card(title, title, tone="info", blocks=tuple(blocks)), incident.id, scene.words)
