"""Says in which order a card sheds what, until it fits Feishu's limits; approval buttons are in no step of it."""

from dataclasses import dataclass, replace

LARGEST = 30 * 1024
"""Bytes of a card as JSON: message/create, "the card request body is at most 30 KB"."""
SPARE = 1024
"""Bytes left free: the server counts what it adds as well, and nobody outside knows how."""
MOST_ELEMENTS = 200
"""Elements of a card, plain_text counted: the page on Card JSON 2.0's structure."""
MOST_CHARTS = 5
"""Charts of a card: the page on the chart component."""
MOST_TABLES = 3
"""Tables in markdown: error 11310, measured by others; every language's version of one is counted here."""
MOST_POINTS = 200
"""Points of a chart: about 5 KB."""


@dataclass(frozen=True)
class Thrift:
    """How much of each kind is drawn: `text` in characters, everything else in pieces. `folds` draws what is in closed
    folds; `quiet` draws background; `tiles` draws facts side by side; `only_decisions` leaves approval rows alone."""

    points: int = MOST_POINTS
    charts: int = MOST_CHARTS
    queries: bool = True
    log_lines: int = 60
    folds: bool = True
    tiles: bool = True
    rows: int = 30
    findings: int = 40
    pairs: int = 40
    quiet: bool = True
    text: int = 4000
    only_decisions: bool = False


def _steps() -> tuple[Thrift, ...]:
    """Each step keeps what the steps before it left out."""
    steps = [Thrift()]
    for less in (
        {"points": 60},
        {"queries": False},
        {"log_lines": 12, "text": 1500},
        {"charts": 2, "points": 40},
        {"folds": False},
        {"rows": 10, "findings": 12},
        {"tiles": False, "pairs": 20},
        {"charts": 0, "text": 600},
        {"rows": 4, "findings": 4, "log_lines": 4, "quiet": False},
        {"text": 160, "pairs": 8, "rows": 0},
        {"text": 60, "only_decisions": True},
    ):
        steps.append(replace(steps[-1], **less))
    return tuple(steps)


ORDER = _steps()
"""The fixed order: drawn with the first, and if that does not fit with the next, until one does."""
