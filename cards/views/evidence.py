"""Draws what was asked and what came back: the unusual first, the usual folded, the silent named."""

from cards.model import Block, Card, Finding, Findings, Fold, Log, Prose, Step, Steps, StepState, Table
from cards.views.charts import charts
from cards.views.scene import Scene, change_of
from engine.model import Evidence, Sweep

STATES: dict[str, StepState] = {"running": "running", "done": "done", "silent": "failed"}
MOST_CHARTS = 2
"""Charts that stand open on the card; the others are folded."""
SHORT = 240
"""Characters of one log line on a card."""


def evidence(scene: Scene) -> Card | None:
    """Progress per source while asking; afterwards every finding with its numbers, query and link."""
    sweep = scene.incident.sweep
    if sweep is None and not scene.incident.asked:
        return None
    if sweep is None:
        title = scene.text("evidence_card.asking")
        return Card(title=title, summary=title, tone="info", blocks=_asking(scene))
    odd = [item for item in sweep.evidence if item.abnormal]
    title = scene.text("evidence_card.title", abnormal=len(odd), all=len(sweep.evidence))
    return Card(
        title=title,
        summary=scene.listed(scene.say(item.summary) for item in by_time(odd)) or title,
        tone="warning" if odd else "neutral",
        blocks=(*_collected(scene, sweep), *scene.row(scene.link_to_page())),
    )


def by_time(items: list[Evidence]) -> list[Evidence]:
    """What began first comes first; what has no onset comes last, the most unusual first."""
    return sorted(items, key=lambda item: (item.onset is None, item.onset.timestamp() if item.onset else -item.unusual))


def finding(scene: Scene, item: Evidence) -> Finding:
    """One piece of evidence with both its sides, since when, its query and its link; nothing is said twice."""
    before, after = change_of(item.before, item.after, scene.words)
    began = item.onset or (item.change.at if item.change else None)
    text = scene.say(item.summary)
    told = bool(after) and before in text and after in text
    since = scene.words.clock(began) if began else ""
    return Finding(
        id=item.id,
        kind=scene.text(f"evidence_kind.{item.kind}"),
        text=text,
        before="" if told else before,
        after="" if told else after,
        since="" if since.rpartition(" ")[0] in text else since,
        abnormal=item.abnormal,
        link=item.link,
        query=f"{item.source}: {item.query}" if item.query else item.source,
    )


def logs(scene: Scene, items: list[Evidence]) -> tuple[Fold, ...]:
    """Lines as they were written, folded per piece of evidence."""
    return tuple(
        Fold(
            scene.text("evidence_card.lines", id=item.id, n=len(item.excerpt)),
            (Log(tuple(line[:SHORT] for line in item.excerpt)),),
        )
        for item in items
        if item.excerpt
    )


def silent(scene: Scene, sweep: Sweep) -> tuple[Block, ...]:
    """Sources that were asked and did not answer, each with the reason."""
    return tuple(
        Prose(scene.text("evidence_card.silent", source=item.source, reason=item.reason), strong=True)
        for item in sweep.silent
    )


def is_note(item: Evidence) -> bool:
    """Whether this is what a source says beside its figures: it proves nothing, and a reader must know it."""
    return bool(item.details.get("note"))


def notes(scene: Scene, sweep: Sweep) -> tuple[Block, ...]:
    """What sources say beside their figures, each with its lines folded below it."""
    blocks: list[Block] = []
    for item in sweep.evidence:
        if is_note(item):
            blocks += [Prose(scene.say(item.summary)), *logs(scene, [item])]
    return tuple(blocks)


def empty(scene: Scene, sweep: Sweep) -> tuple[Fold, ...]:
    """Answers that held nothing, with what was asked, over which window, and that zero came back."""
    nothing = [item for item in sweep.evidence if is_empty(item)]
    if not nothing:
        return ()
    columns = tuple(scene.text(f"column.{name}") for name in ("source", "query", "window", "count"))
    rows = tuple((item.source, item.query, window(scene, item), str(item.count)) for item in nothing)
    return (Fold(scene.text("evidence_card.empty", n=len(nothing)), (Table(columns, rows),)),)


def window(scene: Scene, item: Evidence | Sweep) -> str:
    """The window that was looked at."""
    return f"{scene.words.clock(item.window.start)} – {scene.words.clock(item.window.end)}"


def is_empty(item: Evidence) -> bool:
    """Whether the answer held nothing at all. Changes and states speak for themselves."""
    return item.count == 0 and not item.points and not item.excerpt and item.change is None and not item.details


def _asking(scene: Scene) -> tuple[Block, ...]:
    steps = tuple(
        Step(asked.source, STATES.get(asked.state, "pending"), _note(scene, asked.state, asked.count, asked.seconds))
        for asked in scene.incident.asked.values()
    )
    return (Prose(scene.text("evidence_card.read_only"), quiet=True), Steps(steps))


def _note(scene: Scene, state: str, count: int, seconds: float) -> str:
    match state:
        case "done":
            return scene.text("evidence_card.answered", n=count, time=scene.words.duration(seconds))
        case "silent":
            return scene.text("evidence_card.no_answer", time=scene.words.duration(seconds))
        case _:
            return ""


def _collected(scene: Scene, sweep: Sweep) -> tuple[Block, ...]:
    odd = by_time([item for item in sweep.evidence if item.abnormal])
    usual = [item for item in sweep.evidence if not item.abnormal and not is_empty(item) and not is_note(item)]
    drawn = charts(scene, odd)
    more = drawn[MOST_CHARTS:]
    blocks: list[Block] = [Prose(scene.text("evidence_card.window", window=window(scene, sweep)), quiet=True)]
    found = Findings(tuple(finding(scene, item) for item in odd))
    nobody = not sweep.evidence and not sweep.silent
    blocks.append(found if odd else Prose(scene.text("evidence_card.no_source" if nobody else "evidence_card.none")))
    blocks += drawn[:MOST_CHARTS]
    blocks += silent(scene, sweep)
    blocks += notes(scene, sweep)
    blocks += logs(scene, odd)
    if more:
        blocks.append(Fold(scene.text("evidence_card.more_charts", n=len(more)), more))
    if usual:
        folded = Findings(tuple(finding(scene, item) for item in usual))
        blocks.append(Fold(scene.text("evidence_card.usual", n=len(usual)), (folded,)))
    return (*blocks, *empty(scene, sweep))
