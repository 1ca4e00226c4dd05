"""Fills alert annotations: the small part of Go templates that rule files use."""

import re

_PLACE = re.compile(r"\{\{\s*(.+?)\s*\}\}")
_LABEL = re.compile(r"\$labels\.([a-zA-Z_][a-zA-Z0-9_]*)$")


def _significant(value: float) -> str:
    return f"{value:.4g}"


def _percentage(value: float) -> str:
    return f"{_significant(value * 100)}%"


def _seconds(value: float) -> str:
    size = abs(value)
    if size == 0 or value != value or size == float("inf"):
        return f"{_significant(value)}s"
    if size >= 60:
        minutes, seconds = divmod(int(size), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}h {minutes}m {seconds}s" if hours else f"{minutes}m {seconds}s"
    if size >= 1:
        return f"{_significant(value)}s"
    prefixes = ["m", "u", "n", "p", "f", "a"]
    for prefix in prefixes:
        value *= 1000
        if abs(value) >= 1:
            return f"{_significant(value)}{prefix}s"
    return f"{_significant(value)}as"


def _humanised(value: float) -> str:
    size = abs(value)
    if size >= 1:
        for prefix in ("", "k", "M", "G", "T"):
            if abs(value) < 1000:
                return f"{_significant(value)}{prefix}"
            value /= 1000
    return _significant(value)


_PIPES = {"humanizePercentage": _percentage, "humanizeDuration": _seconds, "humanize": _humanised}


def _shown(inside: str, labels: dict[str, str], value: float) -> str:
    source, _, pipe = (part.strip() for part in inside.partition("|"))
    label = _LABEL.match(source)
    if label is not None and not pipe:
        return labels.get(label.group(1), "")
    if source != "$value" or (pipe and pipe not in _PIPES):
        raise ValueError(f"the rule file uses a template this server does not know: {{{{ {inside} }}}}")
    return _PIPES[pipe](value) if pipe else f"{value:g}"


def fill(template: str, labels: dict[str, str], value: float) -> str:
    """Fill `{{ $labels.x }}` and `{{ $value | humanizePercentage }}`; raises ValueError on anything else."""
    return _PLACE.sub(lambda hit: _shown(hit.group(1), labels, value), template)
