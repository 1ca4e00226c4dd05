"""Folds how a round of looking goes: who is asked and how deep, who answered, what shows before all have, what came."""

from typing import Literal

from engine.code import Reading
from engine.duty import State, Step
from engine.model import Diagnosis, Entry, Phrase, Sweep, Value
from engine.ports import Tells

Depth = Literal["quick", "full"]
"""How long a round goes on: quick ends with the first look where that shows nothing unusual, full hears everybody."""


class Asking(Value):
    """That a round begins: which sources are asked, what each tells, how deep, and why so."""

    sources: tuple[str, ...]
    tells: dict[str, Tells] = {}
    depth: Depth = "full"
    why: Phrase | None = None


class Asked(Value):
    """How asking one source went: `state` is running, done or silent; `reason` says why it stayed silent."""

    source: str
    state: str
    count: int = 0
    seconds: float = 0.0
    reason: Phrase | None = None


class FirstLook(Value):
    """What the quick sources showed while others were still being asked. It is a diagnosis for people to read, never
    one to act on: no plan comes of it."""

    sweep: Sweep
    diagnosis: Diagnosis
    answered: tuple[str, ...]
    waiting: tuple[str, ...]
    enough: bool = False


def bare(sweep: Sweep) -> Sweep:
    """The sweep without its series: what a first look keeps is read, not drawn."""
    return sweep.model_copy(
        update={"evidence": tuple(each.model_copy(update={"points": ()}) for each in sweep.evidence)}
    )


def _asking(state: State, entry: Entry) -> None:
    asking = Asking.model_validate(entry.body)
    running = {source: Asked(source=source, state="running") for source in asking.sources}
    state.update(asking=asking, asked=running, status="investigating")


def _asked(state: State, entry: Entry) -> None:
    asked = Asked.model_validate(entry.body)
    state["asked"] = state.get("asked", {}) | {asked.source: asked}
    state["status"] = "investigating"


def _looked(state: State, entry: Entry) -> None:
    state["first_look"] = FirstLook.model_validate(entry.body)


def _collected(state: State, entry: Entry) -> None:
    state.update(sweep=Sweep.model_validate(entry.body), status="investigating")
    state.pop("code", None)


def _diagnosed(state: State, entry: Entry) -> None:
    state["diagnosis"] = Diagnosis.model_validate(entry.body)


def _read(state: State, entry: Entry) -> None:
    state["code"] = Reading.model_validate(entry.body)


def begun_anew(state: State) -> None:
    """Another episode: what was seen before tells nothing of it."""
    for name in ("asking", "first_look", "sweep", "diagnosis", "code"):
        state.pop(name, None)
    state["asked"] = {}


STEPS: dict[str, Step] = {
    "evidence.asking": _asking,
    "evidence.asked": _asked,
    "evidence.first_look": _looked,
    "evidence.collected": _collected,
    "hypothesis.generated": _diagnosed,
    "code.read": _read,
}
