"""Opens the form in which a lesson is put into a person's own words."""

from handlers import teaching
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit, no


async def run(visit: Visit, rest: str) -> Answer:
    """`edit <lesson id>`."""
    if not rest.split():
        return no("error.which_lesson", known=", ".join(visit.incident.lessons) or "-")
    return teaching.edit_form(visit, rest.split(maxsplit=1)[0])


EDIT = Command("edit", ("edit", "修改"), run, follows="nothing")
