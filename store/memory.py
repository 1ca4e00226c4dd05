"""Keeps what teams were taught in SQLite; every query names the team, so nothing crosses the wall between them."""

from collections.abc import Sequence

from engine.team import Lesson
from store.chain import canonical, moment, plain
from store.queries import queries
from store.reading import Reader
from store.writing import Porter, Rows, Writer

SQL = queries("memory")


class SqliteMemory:
    """The port `Memory` on SQLite."""

    def __init__(self, writer: Writer, porter: Porter, reader: Reader) -> None:
        self._writer = writer
        self._porter = porter
        self._reader = reader

    async def keep(self, team: str, lesson: Lesson) -> None:
        names = (lesson.id, lesson.kind, lesson.service, lesson.alert, lesson.category)
        text = canonical(lesson.model_dump(mode="json"))
        row = (plain(team), *(plain(name) for name in names), moment(lesson.at), text)
        await self._writer.ask(self._porter, Rows(SQL["keep"], row))

    async def drop(self, team: str, lesson: str) -> None:
        await self._writer.ask(self._porter, Rows(SQL["drop"], (plain(team), plain(lesson))))

    async def recall(
        self, team: str, service: str, alert: str = "", category: str = "", limit: int = 6
    ) -> Sequence[Lesson]:
        return _lessons(await self._reader.rows(SQL["recall"], team, service, alert, category, limit))

    async def kept(self, team: str, kind: str = "") -> Sequence[Lesson]:
        return _lessons(await self._reader.rows(SQL["kept"], team, kind))


def _lessons(rows: Sequence[Sequence[str]]) -> Sequence[Lesson]:
    return tuple(Lesson.model_validate_json(row[0]) for row in rows)
