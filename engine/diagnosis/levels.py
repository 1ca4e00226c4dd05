"""Sorts the levels of log lines by how loud they are, by the names that real software gives them."""

LOUD = frozenset({"error", "err", "fatal", "critical", "crit", "panic", "emergency", "emerg", "alert", "severe"})
LAST_WORDS = frozenset({"fatal", "panic", "emergency", "emerg"})
WARNING = frozenset({"warn", "warning"})
