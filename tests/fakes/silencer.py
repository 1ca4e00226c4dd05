"""Stands in for what silences alerts: keeps them in a list."""

from engine.errors import ExecutorRefused, TocsinError
from engine.model import Gaps, Phrase
from engine.ports import Hush


class FakeSilencer:
    """`silences` by id; `trouble` is raised instead of doing anything."""

    def __init__(self, trouble: TocsinError | None = None) -> None:
        self.silences: dict[str, Hush] = {}
        self.ended: set[str] = set()
        self.trouble = trouble

    async def silence(self, hush: Hush) -> str:
        self._fail()
        if not hush.matchers or hush.ends_at <= hush.starts_at:
            values: Gaps = {"status": 400, "detail": "end time can't be in the past"}
            raise ExecutorRefused(Phrase(word="error.alertmanager_says", values=values))
        id = f"c89e2b3b-5d3f-4476-a543-{len(self.silences) + 1:012d}"
        self.silences[id] = hush
        return id

    async def unsilence(self, id: str) -> bool:
        self._fail()
        if id not in self.silences or id in self.ended:
            return False
        self.ended.add(id)
        return True

    def link(self, id: str) -> str:
        return f"http://alertmanager.invalid/#/silences/{id}"

    def _fail(self) -> None:
        if self.trouble is not None:
            raise self.trouble
