"""Draws the diagnosis in five lines, each sentence with the evidence it rests on, or says plainly that none stands."""

from collections.abc import Sequence
from datetime import datetime

from cards.model import Block, Button, Buttons, Card, Facts, Fold, Prose, Table
from cards.views.around import around
from cards.views.questions import questions
from cards.views.scene import Scene, ids, seconds_between
from engine.diagnosis.families import called
from engine.looks import FirstLook
from engine.masking import bounded
from engine.model import Claim, Diagnosis, Evidence, Hypothesis, Quantity, Suspect

BULLET = "• "
FELT = ("error_ratio", "unavailable_ratio", "timeout_ratio", "limited_ratio", "latency_p95", "sli")
"""Signals of what users meet, the plainest first; the alert's own series may be any expression. Since when it lasts is
counted from them."""
MOST_CLAIMS, MOST_AGAINST, MOST_STEPS, MOST_SUSPECTS, MOST_REASONS = 3, 2, 3, 3, 2
"""Sentences that stand open on the card; the others are folded."""
UNLIKELY = 0.01
TOLD_AS_HARM = frozenset({"diagnosis.clue.harm", "diagnosis.clue.trouble", "diagnosis.clue.cluster_short"})
"""What a cause says of harm; the first of the five lines says it already."""
EARLY = 30.0
"""Seconds from which on a sign before the trouble is worth a word."""
SUREST = 0.99
"""Nobody is surer than this; what is 99.6 % would read 100."""
LONGEST = 180
"""Characters of an open sentence; the whole of a longer one is folded."""
SURE = ((0.9, "highest"), (0.75, "high"), (0.5, "middling"), (0.25, "low"), (0.0, "lowest"))
"""From which confidence on which word."""

Lines = tuple[tuple[str, str], ...]


def diagnosis(scene: Scene) -> Card | None:
    """The cause with its reasons and counter-reasons, or inconclusive with what to look at next; before all sources
    have answered, what the first of them show."""
    found, first = scene.incident.diagnosis, scene.incident.first_look
    if found is None:
        return _first_look(scene, first) if first else None
    if found.cause is not None:
        return _conclusive(scene, found, found.cause)
    return _inconclusive(scene, found)


def percent(scene: Scene, share: float) -> str:
    """A confidence as a whole percentage."""
    return scene.words.quantity(Quantity(value=min(round(share, 2), SUREST), unit="ratio"))


def confidence(scene: Scene, share: float) -> str:
    """A confidence in words and as a figure."""
    word = next(word for least, word in SURE if share >= least or not least)
    return scene.text(f"diagnosis_card.sure_{word}", share=percent(scene, share))


def claims(scene: Scene, said: Sequence[Claim], longest: int = 0) -> str:
    """Sentences, one per line, each with its evidence ids; cut at `longest` characters, if that is given."""
    told = ((scene.say(claim.phrase), ids(claim.evidence_ids)) for claim in said)
    return "\n".join(f"{BULLET}{bounded(text, longest) if longest else text} {cited}" for text, cited in told)


def began(scene: Scene, claim: Claim) -> datetime | None:
    """When what a claim rests on began: the earliest change or onset among its evidence."""
    found = [scene.cited[item] for item in claim.evidence_ids if item in scene.cited]
    moments = [moment for item in found if (moment := _moment(item))]
    return min(moments, default=None)


def _moment(item: Evidence) -> datetime | None:
    return item.change.at if item.change else item.onset


# --- a cause -------------------------------------------------------------------------------------------------------


def _conclusive(scene: Scene, found: Diagnosis, cause: Hypothesis) -> Card:
    title = scene.text("diagnosis_card.title", cause=cause.title)
    sure = confidence(scene, cause.confidence)
    lines = (*_because(scene, cause), ("diagnosis_card.do", _what_to_do(scene, found)))
    return Card(
        title=title,
        summary=f"{title} · {sure}",
        tone="bad",
        blocks=(
            Prose(sure, strong=True),
            _facts(scene, lines),
            *_changed_its_mind(scene, found),
            *_in_full(scene, found, cause),
            *_sequence(scene, found),
            *_others(scene, found.hypotheses[1:]),
            *_suspects(scene, found.suspects),
            *around(scene, found),
            *scene.row(*_buttons(scene), scene.link_to_page()),
        ),
    )


def _because(scene: Scene, cause: Hypothesis) -> Lines:
    """Four of the five lines: what broke, since when, why we think so, what speaks against it."""
    return (
        ("diagnosis_card.what", _broken(scene, cause)),
        ("diagnosis_card.since", _since(scene, cause)),
        ("diagnosis_card.why", claims(scene, _reasons(cause)[:MOST_CLAIMS], LONGEST)),
        ("diagnosis_card.against", _against(scene, cause)),
    )


def _reasons(cause: Hypothesis) -> tuple[Claim, ...]:
    """What speaks for a cause besides the harm, unless that is all there is."""
    return tuple(each for each in cause.supporting if each.phrase.word not in TOLD_AS_HARM) or cause.supporting


def _broken(scene: Scene, cause: Hypothesis) -> str:
    """What users meet, else what is missing, else the cause itself; with all that is cited for the harm."""
    harm = next((each for each in cause.supporting if each.phrase.word in TOLD_AS_HARM), None)
    cited = harm.evidence_ids if harm else ()
    if told := _what(scene, cited):
        return told
    first = scene.cited.get(cited[0]) if cited else None
    if first is not None:
        return f"{bounded(scene.say(first.summary), LONGEST)} {ids(cited)}"
    undated = {name: value for name, value in cause.title.values.items() if name != "since"}
    return scene.say(cause.title.model_copy(update={"values": undated}))


def _what(scene: Scene, cited: Sequence[str] = ()) -> str:
    """What users of the alerted service meet, in figures; "" where nothing of the kind was measured as unusual."""
    felt = [item for item in scene.evidence if item.abnormal and item.signal in FELT]
    own = [item for item in felt if item.service == scene.incident.service] or felt
    if not own:
        return ""
    worst = min(own, key=_vagueness)
    return f"{bounded(scene.say(worst.summary), LONGEST)} {ids(tuple(dict.fromkeys((worst.id, *cited))))}"


def _vagueness(item: Evidence) -> tuple[bool, bool, int, float]:
    """The whole service says more than one of its versions, a figure with a before more than one without."""
    return bool(item.details.get("versions")), item.before is None, FELT.index(item.signal), -item.unusual


def _since(scene: Scene, cause: Hypothesis) -> str:
    cited = [scene.cited[item] for claim in cause.supporting for item in claim.evidence_ids if item in scene.cited]
    felt = [item for item in cited if item.signal in FELT] or [item for item in cited if item.kind != "change"]
    onset = min((item.onset for item in felt if item.onset), default=None)
    if cause.change is None:
        told = _before_alert(scene, onset) if onset else scene.text("diagnosis_card.unknown_since")
        return _with_first_sign(scene, told, onset, cited)
    deployed = scene.words.moment(cause.change.at)
    version = called(cause.change)
    if onset is None or onset < cause.change.at:
        return scene.text("diagnosis_card.since_change", at=deployed, version=version)
    gap = scene.words.duration(seconds_between(cause.change.at, onset))
    same_day = onset.date() == cause.change.at.date()
    deployed = scene.words.clock(cause.change.at) if same_day else deployed
    onset_text = _before_alert(scene, onset)
    told = scene.text("diagnosis_card.since_onset", onset=onset_text, gap=gap, version=version, at=deployed)
    return _with_first_sign(scene, told, onset, cited)


def _before_alert(scene: Scene, onset: datetime) -> str:
    """A moment, with how long before the alert that was."""
    alert = scene.incident.alert
    gap = seconds_between(onset, alert.starts_at if alert else scene.incident.opened_at)
    told = scene.words.moment(onset)
    return scene.text("diagnosis_card.since_alert", since=told, gap=scene.words.duration(gap)) if gap >= 1 else told


def _with_first_sign(scene: Scene, told: str, onset: datetime | None, cited: Sequence[Evidence]) -> str:
    """The moment, and the first sign where something cited began clearly earlier than what is felt."""
    dated = [(item.onset, item) for item in cited if item.kind != "change" and item.onset]
    at, first = min(dated, key=lambda pair: pair[0], default=(None, None))
    gap = seconds_between(at, onset)
    if first is None or not gap >= EARLY:
        return told
    lead, clock = scene.words.duration(gap), scene.words.clock(at)
    return scene.text("diagnosis_card.first_sign", since=told, at=clock, gap=lead, cited=ids((first.id,)))


def _against(scene: Scene, cause: Hypothesis) -> str:
    """Counter-evidence, and who could not be heard: what nobody looked at may speak against it as well."""
    said = claims(scene, cause.contradicting[:MOST_AGAINST], LONGEST) or scene.text("diagnosis_card.nothing_against")
    unheard = _unheard(scene)
    return f"{said}\n{BULLET}{unheard}" if unheard else said


def _unheard(scene: Scene) -> str:
    silent = dict.fromkeys(item.source for item in scene.sweep.silent) if scene.sweep else {}
    return scene.text("diagnosis_card.unheard", sources=scene.listed(silent)) if silent else ""


def _what_to_do(scene: Scene, found: Diagnosis) -> str:
    """The first step and its plan where there is one; else the first steps for a person."""
    proposal = scene.newest
    steps = [bounded(scene.say(step), LONGEST) for step in found.next_steps[: 1 if proposal else MOST_STEPS]]
    if proposal is not None:
        plan = proposal.plan
        kind = scene.named("operation_class", plan.operation_class)
        steps.append(scene.text("diagnosis_card.see_plan", kind=kind, operation=plan.operation, target=plan.target))
    bulleted = steps if len(steps) == 1 else [f"{BULLET}{step}" for step in steps]
    return "\n".join(bulleted) or scene.text("diagnosis_card.no_plan")


def _in_full(scene: Scene, found: Diagnosis, cause: Hypothesis) -> tuple[Fold, ...]:
    """Every sentence uncut, where the five lines left anything out."""
    told = scene.newest is None
    cut = any(len(scene.say(claim.phrase)) > LONGEST for claim in (*cause.supporting, *cause.contradicting))
    more = len(_reasons(cause)) > MOST_CLAIMS or len(cause.contradicting) > MOST_AGAINST
    left = len(found.next_steps) > (MOST_STEPS if told else 0)
    if not (cut or more or left):
        return ()
    steps = "\n".join(f"{BULLET}{scene.say(step)}" for step in found.next_steps)
    lines = (
        ("diagnosis_card.why", claims(scene, cause.supporting)),
        ("diagnosis_card.against", claims(scene, cause.contradicting)),
        ("diagnosis_card.do", steps),
    )
    return (Fold(scene.text("diagnosis_card.in_full"), (_facts(scene, lines),)),)


def _sequence(scene: Scene, found: Diagnosis) -> tuple[Fold, ...]:
    if not found.sequence:
        return ()
    rows = tuple(
        (scene.words.clock(began(scene, claim)), scene.say(claim.phrase), ids(claim.evidence_ids))
        for claim in found.sequence
    )
    columns = tuple(scene.text(f"column.{name}") for name in ("at", "what", "evidence"))
    return (Fold(scene.text("diagnosis_card.sequence"), (Table(columns, rows),)),)


def _others(scene: Scene, others: Sequence[Hypothesis]) -> tuple[Fold, ...]:
    """The other explanations, the likelier first, with what speaks for and against each."""
    if not others:
        return ()
    blocks: list[Block] = []
    for other in others:
        blocks.append(Prose(f"{scene.say(other.title)} · {confidence(scene, other.confidence)}", strong=True))
        sides = (
            ("diagnosis_card.for_it", claims(scene, other.supporting)),
            ("diagnosis_card.against", claims(scene, other.contradicting)),
        )
        blocks.append(_facts(scene, sides))
    return (Fold(scene.text("diagnosis_card.others", n=len(others)), tuple(blocks)),)


def _suspects(scene: Scene, suspects: Sequence[Suspect]) -> tuple[Fold, ...]:
    """Who is most likely to be where it comes from, with a probability each; one alone says nothing."""
    suspects = _likely(suspects)
    if len(suspects) < 2:
        return ()
    columns = tuple(scene.text(f"column.{name}") for name in ("service", "probability", "what"))
    rows = tuple(
        (
            each.service,
            percent(scene, each.probability),
            "\n".join(list(dict.fromkeys(bounded(scene.say(one), LONGEST) for one in each.reasons))[:MOST_REASONS]),
        )
        for each in suspects
    )
    return (Fold(scene.text("diagnosis_card.suspects"), (Table(columns, rows),)),)


def _likely(suspects: Sequence[Suspect]) -> Sequence[Suspect]:
    """The first of them, without those nobody would call likely."""
    return [each for each in suspects[:MOST_SUSPECTS] if each.probability >= UNLIKELY]


# --- none ----------------------------------------------------------------------------------------------------------


def _inconclusive(scene: Scene, found: Diagnosis) -> Card:
    name = "quiet" if found.quiet else "inconclusive"
    title = scene.text(f"diagnosis_card.{name}_title")
    suspects = [f"{each.service} {percent(scene, each.probability)}" for each in _likely(found.suspects)]
    missing = [f"{BULLET}{scene.say(reason)}" for reason in found.why_inconclusive]
    missing += [f"{BULLET}{unheard}" for unheard in (_unheard(scene),) if unheard]
    closest = next((f"{scene.say(each.title)} · {confidence(scene, each.confidence)}" for each in found.hypotheses), "")
    lines = (
        ("diagnosis_card.what", "" if found.quiet else _what(scene)),
        ("diagnosis_card.closest", closest),
        ("diagnosis_card.why_quiet" if found.quiet else "diagnosis_card.why_not", "\n".join(missing)),
        ("diagnosis_card.suspected", "" if found.quiet or len(suspects) < 2 else scene.listed(suspects)),
        ("diagnosis_card.next", "\n".join(f"{BULLET}{scene.say(step)}" for step in found.next_steps)),
    )
    return Card(
        title=title,
        summary=title,
        tone="neutral" if found.quiet else "warning",
        blocks=(
            Prose(scene.text(f"diagnosis_card.{name}_text"), strong=True),
            _facts(scene, lines),
            *_changed_its_mind(scene, found),
            *_sequence(scene, found),
            *_others(scene, found.hypotheses),
            *(() if found.quiet else (*_suspects(scene, found.suspects), *around(scene, found))),
            *_to_ask(scene, found),
            *scene.row(*_buttons(scene), scene.link_to_page()),
        ),
    )


def _to_ask(scene: Scene, found: Diagnosis) -> tuple[Buttons, ...]:
    """What a person may ask next, by one press each; a quiet incident asks nothing."""
    return () if found.quiet or scene.over else scene.row(*questions(scene, found))


def _buttons(scene: Scene) -> tuple[Button, ...]:
    found, status = scene.incident.diagnosis, scene.incident.status
    if found is None or scene.over or status in ("executing", "verifying", "recovered"):
        return ()
    if found.cause is not None:
        return (scene.button("look_again"),) if status == "needs_human" else ()
    first = "primary" if found.quiet else "plain"
    again = "plain" if found.quiet else "primary"
    return (scene.button("look_again", again), scene.button("false_alarm", first), scene.button("close"))


# --- before all have answered --------------------------------------------------------------------------------------


def _first_look(scene: Scene, first: FirstLook) -> Card:
    """What the quick sources show, marked as what it is; nothing can be done with it yet."""
    found = first.diagnosis
    name = "quiet" if found.quiet else "unknown"
    title = scene.text("first_look.title", cause=found.cause.title) if found.cause else scene.text(f"first_look.{name}")
    everybody = len(first.answered) + len(first.waiting)
    so_far = scene.text("first_look.so_far", n=len(first.answered), all=everybody, sources=scene.listed(first.waiting))
    lines: Lines = (("diagnosis_card.what", _what(scene)),)
    if found.cause:
        lines = (*_because(scene, found.cause), ("diagnosis_card.do", scene.text("first_look.wait")))
    return Card(
        title=title,
        summary=f"{title} · {so_far}",
        tone="info",
        blocks=(
            Prose(so_far, strong=True),
            *((Prose(confidence(scene, found.cause.confidence)),) if found.cause else ()),
            _facts(scene, lines),
            *scene.row(scene.link_to_page()),
        ),
    )


def _changed_its_mind(scene: Scene, found: Diagnosis) -> tuple[Prose, ...]:
    """That the first look had named another cause, where it had: people may have read it."""
    first = scene.incident.first_look
    early = first.diagnosis.cause if first else None
    now = found.cause
    if early is None or (now is not None and (early.category, early.service) == (now.category, now.service)):
        return ()
    return (Prose(scene.text("first_look.was" if now else "first_look.fell", cause=early.title), quiet=True),)


def _facts(scene: Scene, lines: Lines) -> Facts:
    return Facts(tuple((scene.text(word), value) for word, value in lines if value))
