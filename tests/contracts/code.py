"""Says what every reader of code keeps to, whatever its backend does; the fake and the real one pass it."""

from abc import ABC, abstractmethod
from contextlib import AbstractAsyncContextManager

import pytest

from engine.code import CodeReader, Place, Reading
from engine.evidence import read_code
from tests.contracts.source import PATIENCE, TOKEN, Condition, check_safe

PLACE = Place(
    evidence="ev_log_1",
    service="payment",
    repository="shop/payment",
    clone="pay",
    file="/app/src/pay/pool.py",
    line=6,
    function="acquire",
    versions=("v2.3.1",),
)


class CodeContract(ABC):
    """Inherit, and say how a reader comes to a backend in each condition; working, it holds PLACE (src/pay/pool.py)."""

    @abstractmethod
    def reader_on(self, condition: Condition) -> AbstractAsyncContextManager[CodeReader]:
        """A reader that holds TOKEN and has PATIENCE, over a backend in this condition; empty: without such a file."""

    def check_link(self, link: str) -> None:
        """A person can open it; say otherwise where there is no page."""
        assert link.startswith("http")

    async def test_shows_the_lines_around_the_place_with_its_own(self) -> None:
        async with self.reader_on("working") as reader:
            (passage,) = (await reader.read_code([PLACE])).passages
        assert (passage.evidence, passage.source, passage.line) == (PLACE.evidence, reader.name, PLACE.line)
        assert passage.path == "src/pay/pool.py"
        assert passage.first <= PLACE.line < passage.first + len(passage.lines)
        assert passage.commit
        self.check_link(passage.link)
        assert TOKEN not in passage.model_dump_json()

    async def test_nobody_is_asked_for_nothing(self) -> None:
        async with self.reader_on("working") as reader:
            assert await reader.read_code([]) == Reading()

    @pytest.mark.parametrize("condition", ["empty", "failing", "garbage", "page", "refused", "unreachable", "hanging"])
    async def test_what_is_not_read_is_said_with_a_word_people_may_read(self, condition: Condition) -> None:
        async with self.reader_on(condition) as reader:
            found = await read_code([PLACE], [reader], 3 * PATIENCE)
        assert not found.passages
        (missing,) = found.missing
        assert missing.evidence == PLACE.evidence
        check_safe(missing.reason)
        assert TOKEN not in missing.model_dump_json()
