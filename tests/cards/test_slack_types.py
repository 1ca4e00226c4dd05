"""Holds what we send against Slack's own TypeScript types, a second opinion beside the models of its Python SDK."""

import json
import re
import shutil
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from cards.model import Card
from cards.render import slack
from tests.cards import strategies
from tests.cards.draw_golden import LANGUAGES, MOMENTS, card
from tests.cards.test_slack_rules import ASK, CARD, MESSAGES, STAGE, VIEWS

pytestmark = pytest.mark.real("tsc")

MESSAGE, MODAL, HOME = "Message", "ModalView", "HomeView"
HEAD = """import type { HomeView, KnownBlock, MessageAttachment, ModalView } from "@slack/types";
type Beside = Omit<MessageAttachment, "blocks"> & { blocks: KnownBlock[] };
interface Message { text: string; blocks: KnownBlock[]; attachments?: Beside[] }
"""
REFUSED = (
    "a part Slack does not know",
    "an unknown block",
    "an unknown property of a block",
    "an unknown property of an element",
    "an unknown property of an attachment",
    "markup in a header",
    "markup in a button",
    "a style that is none",
    "a picture without words",
    "a style of rich text that is none",
    "a line in no block",
)
"""The mistakes that types can see; lengths, counts and ids are for the other checks."""
REFUSED_VIEWS = ("a title in markup", "no title", "an unknown property", "a label in markup", "a kind that is none")


def complaints(folder: Path, values: list[tuple[str, Any]]) -> dict[int, str]:
    """What the compiler says of each (type, value), by place in the list. Literals may hold nothing unknown."""
    program = shutil.which("tsc")
    assert program is not None
    modules = Path(program).resolve().parents[2]
    assert (modules / "@slack" / "types").is_dir(), "Slack's types are missing: npm install --global @slack/types"
    (folder / "node_modules").symlink_to(modules)
    lines = [f"export const v{at}: {kind} = {json.dumps(value)};" for at, (kind, value) in enumerate(values)]
    (folder / "sent.ts").write_text(HEAD + "\n".join(lines) + "\n", encoding="utf-8")
    options = ["--strict", "--noEmit", "--skipLibCheck", "--module", "nodenext", "--target", "es2022"]
    command = [program, *options, "--pretty", "false", "sent.ts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    found: dict[int, str] = {}
    for line, said in re.findall(r"^sent\.ts\((\d+),\d+\): (.*)", done.stdout, re.MULTILINE):
        found.setdefault(int(line) - 1 - HEAD.count("\n"), said)
    assert done.returncode == 0 or found, done.stdout + done.stderr
    return found


def any_cards(count: int) -> list[Card]:
    """So many cards, the same ones every time."""
    cards: list[Card] = []

    @settings(max_examples=count, database=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(strategies.cards)
    def gather(found: Card) -> None:
        cards.append(found)

    gather()
    return cards


def test_all_we_send_has_slacks_types(tmp_path: Path) -> None:
    stage = slack.Stage("https://tocsin.example", lambda action, value: action, {0: "F0AAA"})
    known = [card(language, slot, upto) for language in LANGUAGES for _, slot, upto in MOMENTS] + any_cards(150)
    sent: list[tuple[str, Mapping[str, Any]]] = [(MESSAGE, slack.message(each, stage).payload) for each in known]
    sent += [(MODAL, slack.modal(ASK, stage, "sealed")), (HOME, slack.home(known[:8], stage))]
    assert complaints(tmp_path, sent) == {}


def test_the_types_refuse_what_they_can_see(tmp_path: Path) -> None:
    message, view = slack.message(CARD, STAGE).payload, slack.modal(ASK, STAGE, "sealed")
    sent: list[tuple[str, Any]] = []
    for name in REFUSED:
        sent.append((MESSAGE, deepcopy(message)))
        MESSAGES[name](sent[-1][1])
    for name in REFUSED_VIEWS:
        sent.append((MODAL, deepcopy(view)))
        VIEWS[name](sent[-1][1])
    named = (*REFUSED, *REFUSED_VIEWS)
    assert {named[at] for at in complaints(tmp_path, sent)} == set(named)
