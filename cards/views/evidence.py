"""Draws what was asked and what came back: the unusual first, the usual folded, the silent named."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cards.model import Block, Card, Finding, Findings, Fold, Log, Prose, Step, Steps, StepState
from cards.views.catalogue import missing
from cards.views.charts import charts
from cards.views.checklist import checklist
from cards.views.code import code
from cards.views.scene import Scene, change_of
from cards.views.touched import touched
from engine.context import decisive
from engine.diagnosis.roles import HARM
from engine.looks import Asked
from engine.model import Evidence, Phrase, Sweep, Witness

STATES: dict[str, StepState] = {"running": "running", "done": "done", "silent": "failed"}
MOST_CHARTS = 2
"""Charts that stand open on the card; the others are folded."""
MOST_CHANGES = 3
"""Changes whose files and difference stand on the card, the one to which most points first."""
MOST_OPEN = 6
"""Abnormal findings that do."""
SURE = "high"
SHORT = 240
"""Characters of one log line on a card."""


def evidence(scene: Scene) -> Card | None:
    """Who is asked and who answered; as soon as there is anything, every finding with its numbers, query and link."""
    incident = scene.incident
    if incident.sweep is None and not incident.asked:
        return None
    sweep = scene.sweep
    odd = [item for item in sweep.evidence if item.abnormal] if sweep else []
    title = _title(scene, len(odd), len(sweep.evidence) if sweep else 0)
    return Card(
        title=title,
        summary=scene.listed(scene.say(item.summary) for item in by_time(odd)) or title,
        tone="info" if asking(scene) else "warning" if odd else "neutral",
        blocks=(
            *_round(scene, sweep),
            *((checklist(scene, sweep),) if sweep and not asking(scene) else ()),
            *(_collected(scene, sweep) if sweep else ()),
            *(scene.row(scene.link_to_page()) if sweep else ()),
        ),
    )


def asking(scene: Scene) -> bool:
    """Whether sources are being asked right now."""
    return any(asked.state == "running" for asked in scene.incident.asked.values())


def _title(scene: Scene, abnormal: int, everything: int) -> str:
    if not asking(scene) and scene.incident.sweep is not None:
        return scene.text("evidence_card.title", abnormal=abnormal, all=everything)
    if everything:
        return scene.text("evidence_card.asking_still", abnormal=abnormal, all=everything)
    return scene.text("evidence_card.asking")


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
        sure=sure(scene, item),
        abnormal=item.abnormal,
        link=item.link,
        query=f"{item.source}: {item.query}" if item.query else item.source,
    )


def sure(scene: Scene, item: Evidence) -> str:
    """What takes away from this measurement; "" where nothing does, which is said once for all of them."""
    if item.confidence in ("", SURE):
        return ""
    why = scene.listed(scene.say(doubt) for doubt in item.doubts)
    return scene.text(f"evidence_card.sure_{item.confidence}{'_because' if why else ''}", why=why)


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


def witnesses(scene: Scene, items: Iterable[Evidence]) -> tuple[Fold, ...]:
    """Who reports each change that several sources tell of: what each calls it, and where it says so."""
    return tuple(
        Fold(
            scene.text("evidence_card.witnesses", id=item.id, n=len(item.change.witnesses)),
            (Findings(tuple(_witness(scene, item, each) for each in item.change.witnesses)),),
        )
        for item in items
        if item.change and item.change.witnesses
    )


def _witness(scene: Scene, item: Evidence, said: Witness) -> Finding:
    return Finding(
        id=item.id,
        kind=said.source,
        text=scene.text("evidence_card.witness", name=said.id, version=said.version or "—"),
        since=scene.words.clock(said.at),
        link=said.link,
        query=f"{said.source}: {said.query}",
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
    """Answers that held nothing, each with what was asked, over which window, and that zero came back."""
    nothing = [item for item in sweep.evidence if is_empty(item)]
    if not nothing:
        return ()
    found = Findings(
        tuple(
            replace(finding(scene, item), text=scene.text("evidence_card.zero", window=window(scene, item)), sure="")
            for item in nothing
        )
    )
    return (Fold(scene.text("evidence_card.empty", n=len(nothing)), (found,)),)


def queries(scene: Scene, sweep: Sweep) -> tuple[Fold, ...]:
    """Everything that was asked, in full and as text, so that a person can ask it again; behind each source and query
    what came of it, and how much."""
    asked: dict[tuple[str, str], list[str]] = {}
    for item in sweep.evidence:
        if item.query:
            count = scene.text("evidence_card.results", n=item.count)
            asked.setdefault((item.source, item.query), []).append(f"{item.id}: {count}")
    rows = tuple(f"{source}  {query}  [{', '.join(found)}]" for (source, query), found in asked.items())
    return (Fold(scene.text("evidence_card.queries", n=len(rows)), (Log(rows),)),) if rows else ()


def window(scene: Scene, item: Evidence | Sweep) -> str:
    """The window that was looked at."""
    start, end = (scene.words.clock(at) for at in (item.window.start, item.window.end))
    return f"{start.removesuffix(' UTC')} – {end}"


def is_empty(item: Evidence) -> bool:
    """Whether the answer held nothing at all. Changes and states speak for themselves."""
    return item.count == 0 and not item.points and not item.excerpt and item.change is None and not item.details


def _round(scene: Scene, sweep: Sweep | None) -> tuple[Block, ...]:
    """The window, how deep it was looked and why, and how asking each source went."""
    said = [scene.text("evidence_card.read_only")] if sweep is None else []
    said += [scene.text("evidence_card.window", window=window(scene, sweep))] if sweep else []
    said += (
        [scene.text("evidence_card.sure")] if sweep and any(item.confidence == SURE for item in sweep.evidence) else []
    )
    plan = scene.incident.asking
    if plan and plan.why:
        said.append(scene.text(f"evidence_card.depth_{plan.depth}", why=plan.why))
    blocks: tuple[Block, ...] = (Prose(" · ".join(said), quiet=True),) if said else ()
    steps = _steps(scene)
    return (*blocks, Steps(steps)) if steps else blocks


def _steps(scene: Scene) -> tuple[Step, ...]:
    """One step per source. Older incidents have silent sources that nobody noted while they were asked."""
    incident = scene.incident
    reasons = {item.source: item.reason for item in incident.sweep.silent} if incident.sweep else {}
    noted = dict(incident.asked)
    for source, reason in reasons.items():
        noted.setdefault(source, Asked(source=source, state="silent", reason=reason))
    return tuple(
        Step(asked.source, STATES.get(asked.state, "pending"), _note(scene, asked, reasons.get(asked.source)))
        for asked in noted.values()
    )


def _note(scene: Scene, asked: Asked, reason: Phrase | None) -> str:
    time = scene.words.duration(asked.seconds)
    match asked.state:
        case "done":
            return scene.text("evidence_card.answered", n=asked.count, time=time)
        case "silent":
            why = scene.say(asked.reason or reason)
            return (
                scene.text("evidence_card.silent_because", reason=why)
                if why
                else scene.text("evidence_card.no_answer", time=time)
            )
        case _:
            return scene.text("evidence_card.waiting")


def _collected(scene: Scene, sweep: Sweep) -> tuple[Block, ...]:
    """The decisive findings open, in order of time; all others folded: a card stays readable however much came."""
    odd = [item for item in sweep.evidence if item.abnormal]
    rest = [item for item in sweep.evidence if not item.abnormal and not is_empty(item) and not is_note(item)]
    gone = [item for item in rest if item.details.get("ended")]
    usual = [item for item in rest if item not in gone]
    first = decisive(odd, MOST_OPEN)
    others = by_time([item for item in odd if item not in first])
    drawn = charts(scene, telling(odd))
    blocks: list[Block] = [_findings(scene, by_time(first)) if odd else Prose(scene.text(_nothing(scene, sweep)))]
    blocks += drawn[:MOST_CHARTS]
    if gone:
        # No data is no sign that all is well: it stands apart from what is normal, and open.
        blocks.append(Fold(scene.text("evidence_card.ended", n=len(gone)), (_findings(scene, gone),), open=True))
    blocks += [*code(scene), *notes(scene, sweep), *missing(scene)]
    for word, items in (("more", others), ("usual", usual)):
        if items:
            blocks.append(Fold(scene.text(f"evidence_card.{word}", n=len(items)), (_findings(scene, items),)))
    if drawn[MOST_CHARTS:]:
        folded = drawn[MOST_CHARTS:]
        blocks.append(Fold(scene.text("evidence_card.more_charts", n=len(folded)), folded))
    blocks += witnesses(scene, [*by_time(odd), *usual])
    changed = [item for item in odd if item.change][:MOST_CHANGES]
    blocks += [fold for item in changed if item.change for fold in touched(item.change, item.id, scene.words)]
    return (*blocks, *_lines(scene, by_time(odd)), *empty(scene, sweep), *queries(scene, sweep))


def telling(items: Sequence[Evidence]) -> list[Evidence]:
    """The most telling curves first: what users meet, then what stands behind it, each by weight; those of single
    versions last, for they begin with the version."""
    whole = [item for item in items if item.points and not item.details.get("versions")]
    lead = [
        *[item for item in whole if item.signal in HARM or item.kind == "sli"][:1],
        *[item for item in whole if item.signal not in HARM and item.kind != "sli"][:1],
    ]
    chosen = {item.id for item in lead}
    return [*lead, *(item for item in whole if item.id not in chosen), *(item for item in items if item not in whole)]


def _lines(scene: Scene, items: Sequence[Evidence]) -> tuple[Fold, ...]:
    """All lines as they were written, in one fold."""
    quoted = logs(scene, list(items))
    if len(quoted) < 2:
        return quoted
    inside = tuple(block for fold in quoted for block in (Prose(fold.title, strong=True), *fold.blocks))
    return (Fold(scene.text("evidence_card.all_lines", n=len(quoted)), inside),)


def _nothing(scene: Scene, sweep: Sweep) -> str:
    if asking(scene):
        return "evidence_card.none_yet"
    return "evidence_card.none" if sweep.evidence or sweep.silent else "evidence_card.no_source"


def _findings(scene: Scene, items: Iterable[Evidence]) -> Findings:
    return Findings(tuple(finding(scene, item) for item in items))
