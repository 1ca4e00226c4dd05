"""Asks metrics, logs, traces or changes by hand."""

from handlers import queries, recent
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`query [prom] <expression> | logs <service> [words] | traces <service> [words] | changes <service>`, each with
    `last <how long>`."""
    first, _, about = rest.strip().partition(" ")
    if first.casefold() in recent.QUERIED:
        return await recent.changes(visit, about)
    return await queries.query(visit, rest)


QUERY = Command("query", ("query", "查询"), run, role="viewer", about=False)
