"""Folds what people think of the cards they were shown: useful or not, one opinion per person and card."""

from typing import Any

from engine.model import Entry, Value

State = dict[str, Any]

RATED = ("diagnosis", "evidence", "background")
"""The cards of an incident that people may judge by an emoji."""


class Feedback(Value):
    """A sign somebody put under a card, or took away again. `moment` is the platform's time (unix seconds): signs may
    arrive in another order than they were given in."""

    slot: str
    by: str
    useful: bool
    standing: bool = True
    moment: float = 0.0
    seq: int = 0


def opinions(signs: tuple[Feedback, ...], slot: str) -> dict[str, bool]:
    """Who finds this card useful and who does not: each person's newest sign that still stands."""
    standing = [sign for sign in signs if sign.slot == slot and sign.standing]
    return {sign.by: sign.useful for sign in sorted(standing, key=lambda sign: (sign.moment, sign.seq))}


def doubted(signs: tuple[Feedback, ...], slot: str) -> bool:
    """Whether more people find this card wrong than right."""
    said = opinions(signs, slot).values()
    return sum(said) < len(said) - sum(said)


def signed(state: State, entry: Entry) -> None:
    """Somebody put a sign under a card, or took it away."""
    body = {name: entry.body[name] for name in ("slot", "useful", "standing", "moment") if name in entry.body}
    sign = Feedback(by=entry.actor, seq=entry.seq, **body)
    known: tuple[Feedback, ...] = state.get("feedback", ())
    same = [old for old in known if (old.slot, old.by, old.useful) == (sign.slot, sign.by, sign.useful)]
    if all(old.moment <= sign.moment for old in same):
        state["feedback"] = (*(old for old in known if old not in same), sign)
