"""Bundles what the life of an incident needs of the world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from engine.code import CodeReader
from engine.policy import Permissions
from engine.ports import Clock, Desk, Executor, Ids, Memory, Register, Source, Teams, Timeline
from engine.team import Team
from engine.tempo import Tempo


@dataclass(frozen=True)
class Tools:
    """The ports, what is permitted, and how patient to be. `sources_of`: a team's own sources, and the process's where
    it has none of a kind. `readers` of code are no sources and come before those that read code as well."""

    timeline: Timeline
    register: Register
    memory: Memory
    desk: Desk
    teams: Teams
    clock: Clock
    ids: Ids
    sources_of: Callable[[Team], tuple[Source, ...]]
    executors: Mapping[str, Executor]
    permissions: Permissions
    tempo: Tempo
    readers: tuple[CodeReader, ...]
