"""Makes notes: what a source says beside its figures, such as under which other name a service may be known there."""

from collections.abc import Mapping

from engine.masking import masked
from engine.model import Observation, Window

LONGEST = 300
"""Characters of one value; most come from a backend."""
MOST_LINES = 12


def note(
    source: str,
    what: str,
    service: str,
    query: str,
    window: Window,
    *,
    values: Mapping[str, str | int | float],
    lines: tuple[str, ...] = (),
    link: str = "",
) -> Observation:
    """A note of the kind `what`; `values` fill the gaps of its words, `lines` are shown below it."""
    said = {key: cut(value) if isinstance(value, str) else value for key, value in values.items()}
    return Observation(
        source=source,
        kind="state",
        service=service,
        query=query,
        window=window,
        link=link,
        role=what,
        state={**said, "lines": [cut(line) for line in lines[:MOST_LINES]]},
        count=1,
        truncated=len(lines) > MOST_LINES,
    )


def cut(text: str) -> str:
    """A backend's text on one line, without secrets, at most 300 characters."""
    return masked(" ".join(text.split()), LONGEST)
