"""Asks metrics, logs or traces by hand."""

from handlers import queries
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`query [prom] <expression> | logs <service> [words] | traces <service> [words]`, each with `last <how long>`."""
    return await queries.query(visit, rest)


QUERY = Command("query", ("query", "查询"), run, role="viewer", about=False)
