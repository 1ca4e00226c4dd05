"""Refuses regular expressions of team files that are wrong, too long, or could run for ever."""

import re

REPEATED_GROUP = re.compile(r"\)\s*[*+{]|\\[1-9]")
"""What can make a regular expression run for ever on a hostile label: repeated groups and back references."""

LONGEST_PATTERN = 200


def check_pattern(pattern: str) -> None:
    """ValueError where a regular expression is wrong, too long, or could run for ever."""
    if len(pattern) > LONGEST_PATTERN:
        raise ValueError(f"this pattern has {len(pattern)} characters; {LONGEST_PATTERN} are allowed")
    if REPEATED_GROUP.search(pattern):
        raise ValueError("a group may not be repeated and back references are not allowed; write it out with | instead")
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"this is no regular expression: {error}") from None
