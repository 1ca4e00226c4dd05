"""Draws what a person may do with an incident as buttons, so that nobody has to remember the words."""

from cards.model import Block, Button, Buttons, Card, Prose
from cards.views.scene import Scene

PEOPLE = ("assign", "handover", "snooze", "severity", "update")
DOING = ("silence", "resolve", "look_again")
LOOKING = ("triage", "timeline", "replay", "report")
ENDED = ("reopen",)


def menu(scene: Scene, *, acts: bool) -> Card:
    """The buttons of this incident; `acts`: whether whoever looks may do more than look."""
    groups = [("menu.people", PEOPLE), ("menu.doing", DOING)] if acts and not scene.over else []
    groups += [("menu.ended", ENDED)] if acts and scene.over and not scene.incident.merged_into else []
    blocks: list[Block] = []
    for heading, actions in (*groups, ("menu.looking", LOOKING)):
        blocks += [Prose(scene.text(heading), strong=True), *scene.row(*(scene.button(action) for action in actions))]
    if acts:
        declare = Button("declare", scene.text("button.declare"), {})
        blocks += [Prose(scene.text("menu.other"), strong=True), Buttons((declare,))]
    title = scene.text("menu.title", incident=scene.incident.id)
    return Card(title, title, tone="info", blocks=tuple(blocks))
