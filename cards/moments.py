"""Writes moments in a team's own time and names it, in one fixed form that can be found again in finished text."""

import re
from datetime import UTC, datetime
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

MOMENT = re.compile(
    r"(?P<at>[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}) (?P<zone>UTC|[A-Z][A-Za-z_]+(?:/[A-Za-z0-9_+-]+)+)"
)
"""A full moment as `moment` writes it; a platform that can show each reader a time of their own may look for it."""


@cache
def zone_of(name: str) -> ZoneInfo:
    """The time zone of this name; UTC where there is none."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def moment(at: datetime, zone: str = "UTC") -> str:
    """A full moment with the name of its zone."""
    known = zone_of(zone)
    return f"{at.astimezone(known):%Y-%m-%d %H:%M:%S} {known.key}"


def clock(at: datetime, zone: str = "UTC") -> str:
    """The time of day alone, with how far it is from UTC."""
    local = at.astimezone(zone_of(zone))
    return f"{local:%H:%M:%S} {offset(local)}"


def axis(at: float, form: str, zone: str = "UTC") -> str:
    """Unix seconds in this form of strftime; OverflowError, OSError and ValueError where no calendar has them."""
    return datetime.fromtimestamp(at, zone_of(zone)).strftime(form)


def ahead(at: float, zone: str = "UTC") -> float:
    """By how many seconds clocks there are ahead of UTC at this moment (unix seconds)."""
    try:
        return _ahead(datetime.fromtimestamp(at, zone_of(zone)))
    except (OverflowError, OSError, ValueError):
        return 0.0


def zone_name(at: float, zone: str = "UTC") -> str:
    """How a zone is named where room is short: "UTC", "UTC+8", "UTC-3:30"."""
    try:
        return offset(datetime.fromtimestamp(at, zone_of(zone)))
    except (OverflowError, OSError, ValueError):
        return "UTC"


def offset(local: datetime) -> str:
    """How far a local moment is from UTC."""
    minutes = round(_ahead(local) / 60)
    hours, rest = divmod(abs(minutes), 60)
    sign = "+" if minutes > 0 else "-"
    return f"UTC{sign}{hours}" + (f":{rest:02d}" if rest else "") if minutes else "UTC"


def found(text: str) -> list[tuple[str, datetime]]:
    """The moments written in a text, each as it stands there; what no calendar has is none."""
    known = []
    for match in MOMENT.finditer(text):
        try:
            at = datetime.strptime(match["at"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=zone_of(match["zone"]))
            known.append((match[0], at.astimezone(UTC)))
        except (ValueError, OverflowError):
            continue
    return known


def _ahead(local: datetime) -> float:
    ahead = local.utcoffset()
    return ahead.total_seconds() if ahead else 0.0
