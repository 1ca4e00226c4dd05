"""Reads from when to when a person means: clock times in the team's zone, or full moments."""

import re
from datetime import UTC, datetime, timedelta

from cards.moments import zone_of
from engine.model import Window

TIME = r"(?:\d{4}-\d\d-\d\d[ T])?\d{1,2}:\d\d(?::\d\d)?"
BETWEEN = re.compile(
    rf"(?:^|(?<=\s))(?:from|between|从)\s*({TIME})\s*(?:to|until|till|and|到|至|-|–)\s*({TIME})\s*$", re.IGNORECASE
)
"""From when to when, at the end of what was said."""
LONGEST = timedelta(days=7)


def between(start: str, end: str, now: datetime, zone: str) -> Window | None:
    """This time. A clock time is the last such before now, the end's the first such after the start; None where that
    makes no time, lies ahead or is longer than a week."""
    began = _moment(start, now, zone)
    if began is None:
        return None
    if began > now and ":" in start[:3]:
        began -= timedelta(days=1)
    over = _moment(end, began, zone)
    if over is None:
        return None
    if over <= began and ":" in end[:3]:
        over += timedelta(days=1)
    over = min(over, now)
    return Window(start=began, split=began, end=over) if began < over <= began + LONGEST else None


def _moment(said: str, day: datetime, zone: str) -> datetime | None:
    """A full moment, or this time of the day on which `day` lies there."""
    here = zone_of(zone)
    date, _, clock = said.replace("T", " ").rpartition(" ")
    try:
        time = datetime.strptime(clock, "%H:%M:%S" if clock.count(":") == 2 else "%H:%M").time()  # noqa: DTZ007
        on = datetime.strptime(date, "%Y-%m-%d").date() if date else day.astimezone(here).date()  # noqa: DTZ007
        return datetime.combine(on, time, tzinfo=here).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
