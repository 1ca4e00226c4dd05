"""Shows what this installation may change, and what the team's policy demands."""

from cards.model import Card, Facts
from handlers.commands.command import Command
from handlers.inbound import Answer
from handlers.visit import Visit


async def run(visit: Visit, rest: str) -> Answer:
    """`safety`."""
    words, policy, may = visit.words, visit.team.policy, visit.house.permissions
    nothing = words.text("command.nothing")
    yes, never = words.text("command.yes"), words.text("command.no")
    pairs = (
        ("command.safety_enabled", yes if may.execution_enabled else never),
        ("command.safety_operations", ", ".join(sorted(may.allowed_operations)) or nothing),
        ("command.safety_executors", ", ".join(sorted(may.executors)) or nothing),
        ("command.safety_approver", words.text(f"form.who_{policy.approver_role}")),
        ("command.safety_minutes", words.duration(policy.approval_minutes * 60)),
        ("command.safety_break_glass", yes if policy.break_glass else never),
        ("command.safety_forbidden", ", ".join(policy.forbidden) or nothing),
        ("command.safety_tiers", ", ".join(f"{name}: {tier}" for name, tier in policy.tiers.items()) or nothing),
    )
    title = words.text("command.safety_title", team=visit.team.name)
    facts = Facts(tuple((words.text(word), value) for word, value in pairs))
    return Answer(card=Card(title, title, blocks=(facts,), language=words.language))


SAFETY = Command("safety", ("safety", "policy", "策略", "安全"), run, role="viewer", about=False)
