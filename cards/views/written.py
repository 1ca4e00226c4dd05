"""Draws calls that a person wrote down: the services, who calls whom, and where that and the catalogue differ."""

from collections import Counter
from collections.abc import Iterable, Sequence

from cards.model import Block, Buttons, Card, Log, Prose
from cards.views.catalogue import NAMED, noted, offers
from cards.words import Words
from engine import topology
from engine.team import Team
from engine.topology import Branch, Call


def written(calls: Sequence[Call], team: Team, words: Words) -> Card:
    """The drawing, with an offer to add what the catalogue lacks. It is what somebody says, and no evidence."""
    nodes = tuple(dict.fromkeys(name for call in calls for name in call))
    title = words.text("topology.drawn", nodes=len(nodes), edges=len(calls))
    new = topology.undeclared(Counter(calls), team.services)
    strangers = words.text("list.comma").join(name for name in nodes if name not in team.services)
    said = (
        ("not_in_catalogue", {"calls": _listed(new, words)}),
        ("not_drawn", {"calls": _listed(topology.untold(calls, team.services), words)}),
        ("strangers", {"names": strangers}),
    )
    blocks: list[Block] = [Log(_tree(calls, nodes, team, words))]
    blocks += [Prose(words.text(f"topology.{word}", **gaps)) for word, gaps in said if any(gaps.values())]
    blocks.append(Prose(words.text("topology.no_evidence"), quiet=True))
    if new:
        blocks.append(Buttons(offers(new, words)))
    return Card(title, title, tone="warning" if new else "info", blocks=tuple(blocks), language=words.language)


def _tree(calls: Sequence[Call], nodes: Sequence[str], team: Team, words: Words) -> tuple[str, ...]:
    """A tree below each service that nobody calls; below the first where everybody is called."""
    called = {call.callee for call in calls}
    roots = [name for name in nodes if name not in called] or nodes[:1]
    lines: list[str] = []
    for root in roots:
        lines += [root, *(_line(each, team, words) for each in topology.branches(root, {}, Counter(calls)))]
    return tuple(lines)


def _line(branch: Branch, team: Team, words: Words) -> str:
    caller, callee = branch.call
    known = team.services.get(caller)
    notes = [words.text("topology.new")] if known and callee not in known.dependencies else []
    notes += [words.text("topology.above")] if branch.repeated else []
    return f"{branch.frame}{callee[:NAMED]}{noted(notes, words)}"


def _listed(calls: Iterable[Call], words: Words) -> str:
    return words.text("list.comma").join(f"{call.caller} → {call.callee}" for call in calls)
