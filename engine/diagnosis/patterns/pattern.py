"""Defines a fault pattern: a kind of fault as data, made of clues and of nothing else."""

from engine.diagnosis.clues import Clue
from engine.model import OperationClass, Value


class Pattern(Value):
    """A kind of fault, as data. All `required` clues must show; each contradiction must be answered by its `unless`.

    `scope`: what has to be bound before the pattern can be tried: a change of the service, one of its peers, nothing.
    `by_change`: such a fault can be released, switched on or set; a change before it is named with it, not required.
    `floods`: it is felt by those the service calls, and may be the cause of their trouble.
    `base` is the confidence with every required clue and no support. `explains` are the faults this one brings about:
    where both are proven, it is the cause and they are its course. `offers` are the classes of operation that help,
    `next_steps` words of the language files: what to look at. `title`, `look_at` and `services` (where alone
    it may be) are a team's own, empty for those we ship.
    """

    category: str
    scope: tuple[str, ...] = ()
    by_change: bool = False
    floods: bool = False
    base: float = 0.8
    required: tuple[Clue, ...]
    supporting: tuple[Clue, ...] = ()
    contradicting: tuple[Clue, ...] = ()
    explains: tuple[str, ...] = ()
    offers: tuple[OperationClass, ...] = ()
    next_steps: tuple[str, ...] = ()
    title: str = ""
    services: tuple[str, ...] = ()
    look_at: tuple[str, ...] = ()


def against(clue: Clue, unless: Clue | None = None) -> Clue:
    """A clue as a contradiction, and what answers it."""
    return clue.model_copy(update={"unless": unless})
