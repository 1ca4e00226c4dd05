"""Draws what may be proposed about a service, against what and with whose consent, and which faults its team knows."""

from cards.model import Block, Facts, Fold, Prose, Table
from cards.words import Words
from engine import policy
from engine.policy import Permissions
from engine.team import Remedy, Service, Team

COLUMNS = ("operation", "against", "needs")


def remedies(service: Service, team: Team, permissions: Permissions, words: Words) -> tuple[Block, ...]:
    """Each operation of the catalogue with the faults it is against, as this team's policy and this installation have
    it now; nothing where the catalogue offers none."""
    if not service.remedies:
        return ()
    rows = tuple(_row(service, remedy, team, permissions, words) for remedy in service.remedies)
    columns = tuple(words.text(f"catalogue.column_{name}") for name in COLUMNS)
    safety = Prose(words.text("catalogue.before_every_change"), quiet=True)
    return (Fold(words.text("catalogue.remedies", n=len(rows)), (Table(columns, rows), safety)),)


def faults(service: Service, team: Team, words: Words) -> tuple[Fold, ...]:
    """The faults of the team's own that this service may have."""
    known = tuple((each.name, each.title) for each in team.faults if not each.services or service.name in each.services)
    return (Fold(words.text("catalogue.faults", n=len(known)), (Facts(known),)),) if known else ()


def _row(service: Service, remedy: Remedy, team: Team, permissions: Permissions, words: Words) -> tuple[str, ...]:
    judged = policy.judge_remedy(service, remedy, team, permissions)
    kind = words.text(f"operation_class.{remedy.operation_class}")
    of_peer = f" ({remedy.peer})" if remedy.peer else ""
    needs = words.text(f"tier.{judged.tier}")
    return (
        f"{remedy.operation} · {kind} · {remedy.executor}",
        words.text("list.comma").join(remedy.against) + of_peer,
        needs if judged.allowed else f"{needs} · {words.text('plan_state.advice')}",
    )
