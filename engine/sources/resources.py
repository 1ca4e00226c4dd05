"""Reads how a host does: processor, memory, disks, network and processes, from what every Linux keeps in /proc."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from engine.errors import SourceSilent
from engine.masking import mask
from engine.sources.hosts import Output

Run = Callable[[Sequence[str]], Awaitable[Output]]
Role = Literal["cpu_use", "memory_use", "disk_use"]
Check = Literal["cpu", "memory", "disk", "network", "processes"]

PAUSE = 1.0
"""Seconds between two looks at what only counts up."""
MOST_PROCESSES = 8
MOST_DISKS = 8
MOST_CARDS = 6
LONGEST = 60
COUNTERS = ("cat", "/proc/stat", "/proc/net/dev")
STANDING = ("cat", "/proc/loadavg", "/proc/meminfo")
DISKS = ("df", "-P", "-k")
PROCESSES = ("ps", "-eo", "pid,user,pcpu,pmem,comm", "--sort=-pcpu")
VIRTUAL = re.compile(r"^(tmpfs|devtmpfs|overlay|shm|udev|none|efivarfs|squashfs|/dev/loop\d+)$")
QUIET = re.compile(r"^(lo|veth.*|cali.*|docker\d*|br-.*|cni.*|flannel.*)$")


class Used(NamedTuple):
    """How much of something is used, 0…1, and of what where there are several."""

    role: Role
    value: float
    of: str
    command: str


class Traffic(NamedTuple):
    """What a network card moves, in bytes per second, and what it loses, per second."""

    card: str
    received: float
    sent: float
    lost: float


class Process(NamedTuple):
    """One of the processes that use most."""

    pid: str
    user: str
    cpu: str
    memory: str
    name: str


@dataclass(frozen=True)
class Readings:
    """How a host does; what could not be read is empty. `load` is per processor over 1, 5 and 15 minutes."""

    used: tuple[Used, ...] = ()
    load: tuple[float, ...] = ()
    processors: int = 0
    stolen: float = 0.0
    waiting: float = 0.0
    memory_bytes: tuple[float, float] = (0.0, 0.0)
    swap_used: float = 0.0
    traffic: tuple[Traffic, ...] = ()
    processes: tuple[Process, ...] = ()

    def only(self, checks: Collection[Check]) -> "Readings":
        """The same with these checks alone; all of them where none is named."""
        if not checks:
            return self
        cpu, memory = "cpu" in checks, "memory" in checks
        return Readings(
            used=tuple(each for each in self.used if each.role.removesuffix("_use") in checks),
            load=self.load if cpu else (),
            processors=self.processors if cpu else 0,
            stolen=self.stolen if cpu else 0.0,
            waiting=self.waiting if cpu else 0.0,
            memory_bytes=self.memory_bytes if memory else (0.0, 0.0),
            swap_used=self.swap_used if memory else 0.0,
            traffic=self.traffic if "network" in checks else (),
            processes=self.processes if "processes" in checks else (),
        )


@dataclass(frozen=True)
class Counters:
    """What /proc counts up: ticks of the processors by what they did, and what each network card moved and lost."""

    ticks: tuple[int, ...] = ()
    processors: int = 0
    cards: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


async def readings(run: Run, pause: float = PAUSE) -> Readings:
    """Look at a host, which takes a second. SourceSilent where it cannot be reached at all."""
    first = _counters(await run(COUNTERS))
    async with asyncio.TaskGroup() as group:
        standing = group.create_task(_said(run, STANDING))
        disks = group.create_task(_said(run, DISKS))
        processes = group.create_task(_said(run, PROCESSES))
        await asyncio.sleep(pause)
    second = _counters(await run(COUNTERS))
    memory = _memory(standing.result())
    total, available = memory.get("MemTotal", 0.0), memory.get("MemAvailable", 0.0)
    swap = memory.get("SwapTotal", 0.0)
    busy, waiting, stolen = _shares(first.ticks, second.ticks)
    used = [Used("cpu_use", busy, "", "cat /proc/stat")] if busy is not None else []
    used += [Used("memory_use", 1 - available / total, "", "cat /proc/meminfo")] if total else []
    used += _disks(disks.result())
    return Readings(
        used=tuple(used),
        load=tuple(each / max(second.processors, 1) for each in _load(standing.result())),
        processors=second.processors,
        stolen=stolen,
        waiting=waiting,
        memory_bytes=(total, available),
        swap_used=1 - memory.get("SwapFree", 0.0) / swap if swap else 0.0,
        traffic=tuple(_traffic(first.cards, second.cards, pause)),
        processes=tuple(_processes(processes.result())),
    )


async def _said(run: Run, argv: Sequence[str]) -> str:
    """What a command says; nothing where it is not there."""
    try:
        return (await run(argv)).text
    except SourceSilent:
        return ""


def _counters(output: Output) -> Counters:
    lines = output.text.splitlines()
    total = next((line.split()[1:9] for line in lines if line.startswith("cpu ")), [])
    cards = {}
    for line in lines:
        name, colon, rest = line.partition(":")
        numbers = _numbers(rest.split())
        if colon and len(numbers) >= 12 and not QUIET.match(name.strip()):
            received, lost_in, sent, lost_out = numbers[0], sum(numbers[2:4]), numbers[8], sum(numbers[10:12])
            cards[name.strip()[:LONGEST]] = (received, sent, lost_in + lost_out)
    processors = sum(bool(re.match(r"cpu\d", line)) for line in lines)
    return Counters(tuple(_numbers(total)), processors, cards)


def _shares(first: tuple[int, ...], second: tuple[int, ...]) -> tuple[float | None, float, float]:
    """Which part of the time between was spent working, waiting for disks, and taken away by the hypervisor.

    user nice system idle iowait irq softirq steal"""
    if len(first) < 8 or len(second) < 8:
        return None, 0.0, 0.0
    spent = [max(after - before, 0) for before, after in zip(first, second, strict=True)]
    total = sum(spent) or 1
    return 1 - (spent[3] + spent[4]) / total, spent[4] / total, spent[7] / total


def _memory(text: str) -> dict[str, float]:
    """Bytes by name; /proc/meminfo counts in kilobytes."""
    found = re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)
    return {name: int(value) * 1024.0 for name, value in found}


def _load(text: str) -> tuple[float, ...]:
    found = re.match(r"(\d+\.\d+) (\d+\.\d+) (\d+\.\d+) ", text)
    return tuple(float(each) for each in found.groups()) if found else ()


def _disks(text: str) -> list[Used]:
    """The fullest first; what is no disk is left out."""
    found = []
    for line in text.splitlines()[1:]:
        parts = line.split()
        if len(parts) < 6 or VIRTUAL.match(parts[0]) or not parts[4].endswith("%"):
            continue
        share = parts[4].removesuffix("%")
        if share.isdecimal():
            place = " ".join(parts[5:])[:LONGEST]
            found.append(Used("disk_use", int(share) / 100, place, "df -P -k"))
    return sorted(found, key=lambda each: -each.value)[:MOST_DISKS]


def _traffic(
    first: Mapping[str, tuple[int, int, int]], second: Mapping[str, tuple[int, int, int]], seconds: float
) -> list[Traffic]:
    found = []
    for card in list(second)[:MOST_CARDS]:
        if card in first:
            each = [
                max(after - before, 0) / max(seconds, 0.1)
                for before, after in zip(first[card], second[card], strict=True)
            ]
            found.append(Traffic(card, *each))
    return found


def _processes(text: str) -> list[Process]:
    rows = [line.split(None, 4) for line in text.splitlines()[1:]]
    return [Process(*(mask(part)[:LONGEST] for part in row)) for row in rows[:MOST_PROCESSES] if len(row) == 5]


def _numbers(parts: Sequence[str]) -> list[int]:
    return [int(part) for part in parts if part.isdecimal()]
