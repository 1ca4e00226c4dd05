"""Draws what a command said on a host, and how a host does."""

import shlex
from collections.abc import Sequence
from datetime import datetime

from cards.model import Block, Button, Buttons, Card, Change, Facts, Fold, Link, Log, Prose, Table, Tone
from cards.words import Words
from engine.masking import mask
from engine.model import Quantity
from engine.sources.hosts import Output
from engine.sources.resources import Check, Readings

SHOWN = 3_000
"""Characters that stand open on the card."""
FOLDED = 20_000
"""More of them are folded; what is longer still is counted."""
FULL = 0.9
"""From this share on something is called nearly used up."""


def output(host: str, argv: Sequence[str], said: Output, seconds: float, words: Words, incident: str) -> Card:
    """What a command said: its beginning open, more of it folded, and how it ended."""
    command = mask(shlex.join(argv))
    title = words.text("hosts.output_title", host=host, command=command[:80])
    text = mask(said.text.replace("\x00", ""))
    shown, more = _cut(text)
    took = words.duration(seconds)
    ended = (
        words.text("hosts.ended", took=took) if not said.code else words.text("hosts.failed", code=said.code, took=took)
    )
    blocks: list[Block] = [Change(command, host), Prose(ended, quiet=not said.code)]
    blocks.append(Log(tuple(shown)) if shown else Prose(words.text("hosts.silent")))
    if more:
        blocks.append(Fold(words.text("hosts.more", n=len(more)), (Log(tuple(more)),)))
    left = len(text) - SHOWN - FOLDED
    if said.cut or left > 0:
        blocks.append(Prose(words.text("hosts.cut")))
    if said.complaint.strip():
        complaint = tuple(mask(said.complaint).splitlines()[:20])
        blocks.append(Fold(words.text("hosts.complaint"), (Log(complaint),), open=bool(said.code)))
    if incident:
        blocks.append(Buttons((Link(words.text("button.view"), f"/incidents/{incident}"),)))
    tone: Tone = "warning" if said.code else "info"
    return Card(title, title, tone=tone, blocks=tuple(blocks), incident=incident, language=words.language)


def resources(host: str, whole: Readings, at: datetime, words: Words, checks: Sequence[Check] = ()) -> Card:
    """How a host does now, or what of it was asked for; what is nearly used up comes first, whatever it is."""
    full, found = [one for one in whole.used if one.value >= FULL], whole.only(checks)
    named = words.text("list.comma").join(
        words.text(f"hosts.of.{one.role}", of=one.of, value=_share(one.value, words)) for one in full
    )
    verdict = words.text("hosts.full", what=named) if full else words.text("hosts.well")
    title = words.text("hosts.resources_title", host=host)
    blocks: list[Block] = [
        Prose(words.text("hosts.as_of", at=words.moment(at)), quiet=True),
        Prose(verdict, strong=bool(full)),
        _facts(found, words),
    ]
    blocks += [*_traffic(found, words), *_processes(found, words)]
    blocks.append(Buttons((Button("resources", words.text("button.refresh"), {"host": " ".join((host, *checks))}),)))
    tone: Tone = "warning" if full else "good"
    return Card(title, f"{title} · {verdict}", tone=tone, blocks=tuple(blocks), language=words.language)


def _traffic(found: Readings, words: Words) -> tuple[Table, ...]:
    columns = tuple(words.text(f"hosts.column.{name}") for name in ("card", "received", "sent", "lost"))
    rows = tuple((t.card, f"{_size(t.received)}/s", f"{_size(t.sent)}/s", f"{t.lost:.0f}/s") for t in found.traffic)
    return (Table(columns, rows),) if rows else ()


def _processes(found: Readings, words: Words) -> tuple[Fold, ...]:
    columns = tuple(words.text(f"hosts.column.{name}") for name in ("process", "user", "cpu", "memory", "pid"))
    rows = tuple((p.name, p.user, f"{p.cpu} %", f"{p.memory} %", p.pid) for p in found.processes)
    return (Fold(words.text("hosts.processes"), (Table(columns, rows),), open=True),) if rows else ()


def _facts(found: Readings, words: Words) -> Facts:
    pairs = []
    for one in found.used:
        label = words.text(f"hosts.{one.role}") + (f" {one.of}" if one.of else "")
        pairs.append((label, _share(one.value, words)))
    if found.load:
        load = " / ".join(f"{each * max(found.processors, 1):.2f}" for each in found.load)
        pairs.append((words.text("hosts.load", n=found.processors), load))
    total, available = found.memory_bytes
    if total:
        free = words.text("hosts.free_of", free=_size(available), all=_size(total))
        pairs.append((words.text("hosts.memory_free"), free))
    pairs += [
        (words.text(f"hosts.{name}"), _share(value, words))
        for name, value in (("swap", found.swap_used), ("waiting", found.waiting), ("stolen", found.stolen))
        if value >= 0.01
    ]
    return Facts(tuple(pairs))


def _cut(text: str) -> tuple[list[str], list[str]]:
    """The lines that stand open, and those that are folded; no line is torn."""
    shown: list[str] = []
    more: list[str] = []
    length = 0
    for line in text.splitlines():
        length += len(line) + 1
        if length <= SHOWN or not shown:
            shown.append(line[:SHOWN])
        elif length <= SHOWN + FOLDED:
            more.append(line[:SHOWN])
        else:
            break
    return shown, more


def _share(value: float, words: Words) -> str:
    return words.quantity(Quantity(value=value, unit="ratio"))


def _size(value: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"
