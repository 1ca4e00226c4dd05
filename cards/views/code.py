"""Draws the code an error comes from: the line in a word; folded what surrounds it, would mend it, changed it."""

from cards.model import Block, Finding, Findings, Fold, Log, Prose
from cards.views.scene import Scene
from engine.advice.advise import SHORT, Advice, advise, error_of
from engine.code import Passage, Touch


def code(scene: Scene) -> tuple[Block, ...]:
    """Every place that was read, and of those that were not, why not."""
    reading = scene.incident.code
    if reading is None:
        return ()
    blocks: list[Block] = []
    if reading.passages:
        blocks.append(Findings(tuple(_finding(scene, each) for each in reading.passages)))
    blocks += [_fold(scene, each) for each in reading.passages]
    for missed in reading.missing:
        reason = scene.say(missed.reason)
        told = scene.text("code_card.missing", place=missed.place, id=missed.evidence, reason=reason)
        blocks.append(Prose(told, quiet=True))
    return tuple(blocks)


def affected(scene: Scene) -> tuple[str, ...]:
    """Each place in a sentence, with who wrote its line as far as that is known."""
    return tuple(_told(scene, each) for each in scene.incident.code.passages) if scene.incident.code else ()


def _told(scene: Scene, passage: Passage) -> str:
    word = "code_card.at_function" if passage.function else "code_card.at"
    place = scene.text(word, service=passage.service, place=passage.name, function=passage.function)
    written = _written(scene, passage)
    return scene.text("code_card.told", place=place, written=written) if written else place


def _written(scene: Scene, passage: Passage) -> str:
    by = next((each for each in passage.touches if each.here), None)
    if by is None:
        return scene.text("code_card.older", n=passage.looked_into) if passage.looked_into else ""
    at = scene.words.moment(by.at) if by.at else "—"
    return scene.text("code_card.written", by=by.by or "—", sha=by.sha[:SHORT], title=by.title, at=at)


def _finding(scene: Scene, passage: Passage) -> Finding:
    return Finding(
        id=passage.evidence,
        kind=scene.text("code_card.kind"),
        text=_told(scene, passage),
        abnormal=True,
        link=passage.link,
        query=f"{passage.source}: {passage.repository} {passage.name} @ {passage.commit[:SHORT]}",
    )


def _fold(scene: Scene, passage: Passage) -> Fold:
    advice = _advice(scene, passage)
    word = "code_card.version" if passage.version else "code_card.head"
    blocks: list[Block] = [
        Prose(scene.text(word, version=passage.version, sha=passage.commit[:SHORT]), quiet=True),
        Log(numbered(passage)),
    ]
    blocks += [Prose(said) for said in _mending(scene, advice)]
    if passage.touches:
        blocks.append(Prose(scene.text("code_card.history"), strong=True))
        blocks.append(Findings(tuple(_touch(scene, each, passage) for each in passage.touches)))
    if passage.mentions:
        blocks.append(Prose(_elsewhere(scene, passage), strong=True))
        blocks.append(Log(tuple(f"{each.path}:{each.line}  {each.text}" for each in passage.mentions)))
    limits = [scene.say(advice.complexity), scene.say(advice.depth)]
    blocks.append(Prose(scene.text("list.space").join(each for each in limits if each), quiet=True))
    return Fold(scene.text("code_card.fold", place=passage.name, id=passage.evidence), tuple(blocks))


def _elsewhere(scene: Scene, passage: Passage) -> str:
    shown = len(passage.mentions)
    if passage.mentioned > shown:
        return scene.text("code_card.mentions_of", function=passage.function, shown=shown, all=passage.mentioned)
    return scene.text("code_card.mentions", function=passage.function)


def _advice(scene: Scene, passage: Passage) -> Advice:
    error = error_of(passage, scene.cited.get(passage.evidence))
    diagnosis = scene.incident.diagnosis
    return advise(passage, error, scene.incident.began_at, diagnosis.cause if diagnosis else None)


def _mending(scene: Scene, advice: Advice) -> tuple[str, ...]:
    """What would mend it, what else would, and how to be sure of that."""
    fix = [scene.text("code_card.mend", said=scene.say(advice.fix))] if advice.fix else []
    others = [scene.text("code_card.otherwise", said=scene.say(each)) for each in advice.alternatives]
    return (*fix, *others, *(scene.text("code_card.sure", said=scene.say(each)) for each in advice.next))


def numbered(passage: Passage) -> tuple[str, ...]:
    """The lines with their numbers; the one that failed is marked."""
    width = len(str(passage.first + len(passage.lines)))
    rows = enumerate(passage.lines, passage.first)
    return tuple(f"{'▶' if number == passage.line else ' '} {number:>{width}}  {line}" for number, line in rows)


def _touch(scene: Scene, touch: Touch, passage: Passage) -> Finding:
    return Finding(
        id=touch.sha[:SHORT],
        kind=touch.by or "—",
        text=touch.title,
        since=scene.words.moment(touch.at) if touch.at else "",
        abnormal=touch.here,
        link=touch.link,
        query=f"{passage.source}: commit {touch.sha[:SHORT]}",
    )
