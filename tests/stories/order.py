"""Holds the kinds of a timeline in the order of the worked example, which every story keeps."""

A_085 = (
    "incident.created",
    "alert.normalized",
    "gateway.received",
    "memory.recalled",
    "rag.recalled",
    "evidence.collected",
    "hypothesis.generated",
    "action.planned",
    "checkpoint.created",
    "approval.requested",
    "approval.resolved",
    "action.executed",
    "recovery.verified",
    "skill.generated",
    "skill.published",
    "memory.learned",
    "checkpoint.restored",
)
"""`skill.published` stands for a foreign-named kind; `checkpoint.restored` is last because only an undo brings it."""


def first_seen(kinds: list[str]) -> list[str]:
    """The kinds of the worked example in the order in which they first occur."""
    return sorted({kind for kind in kinds if kind in A_085}, key=kinds.index)


def wanted(kinds: list[str]) -> list[str]:
    """The same kinds in the order of the worked example."""
    return [kind for kind in A_085 if kind in kinds]
