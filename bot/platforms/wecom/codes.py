"""Keeps one-time codes: WeCom's cards take no text, so a form is answered by a message that names its code."""

import re
import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cards.model import Ask
from cards.words import Words

LETTERS = "ACDEFGHJKMNPQRTUWXY"
DIGITS = "34679"
LENGTH = 5
LASTS = timedelta(minutes=5)
MOST = 2_000
"""Codes kept at once; the oldest go first."""

CODE = re.compile(rf"(?=[A-Z]*[{DIGITS}])(?=[0-9]*[{LETTERS}])[{LETTERS}{DIGITS}]{{{LENGTH}}}")
SENTENCE = re.compile(
    r"(?P<verb>\S{1,20})[ \u00a0\u2005]+(?P<code>[0-9A-Za-z]{5})(?:[ \u00a0\u2005](?P<rest>.*))?", re.DOTALL
)
ACTIONS = ("approve", "reject", "undo", "edit", "answer")
ANY = "answer"
"""The verb for forms that have none of their own."""


@dataclass(frozen=True)
class Code:
    """A form that waits for one person's answer in one chat. `used_by` is the id of the message that answered it."""

    code: str
    user: str
    room: str
    ask: Ask
    until: datetime
    used_by: str = ""


@dataclass(frozen=True)
class Typed:
    """A message that names a code: the verb's action, the code, and exactly what stood after it."""

    action: str
    code: str
    rest: str


@dataclass(frozen=True)
class Wrong:
    """Why a code does not count: `why` is one of unknown, person, room, verb; `code` is the one it names, if any."""

    why: str
    code: Code | None = None


class Codes:
    """One-time codes, bound to person, chat and form, for five minutes. They are not kept across a restart: whoever
    pressed before presses again."""

    def __init__(self) -> None:
        self._known: OrderedDict[str, Code] = OrderedDict()

    def issue(self, user: str, room: str, ask: Ask, now: datetime) -> Code:
        """A new code for this form; it ends earlier codes of the same person for the same."""
        for old in [each for each in self._known.values() if not each.used_by and _same(each, user, room, ask)]:
            del self._known[old.code]
        while (text := _drawn()) in self._known:
            pass
        made = Code(text, user, room, ask, min(filter(None, (now + LASTS, ask.until))))
        self._known[text] = made
        while len(self._known) > MOST:
            self._known.popitem(last=False)
        return made

    def redeem(self, typed: Typed, user: str, room: str, message: str, now: datetime) -> Code | Wrong:
        """The form a message answers, once; the very same message again gives the same form again, for a platform that
        delivers twice must not be told that its code is used up."""
        known = self._known.get(typed.code)
        if known is None:
            return Wrong("unknown")
        if known.used_by:
            return known if known.used_by == message else Wrong("unknown", known)
        if known.user != user:
            return Wrong("person", known)
        if now >= known.until:
            return Wrong("unknown", known)
        if known.room != room:
            return Wrong("room", known)
        if typed.action != verb_action(known.ask.action):
            return Wrong("verb", known)
        self._known[typed.code] = used = replace(known, used_by=message)
        return used


def read(text: str) -> Typed | None:
    """A message that names a code; None for any other."""
    found = SENTENCE.fullmatch(text)
    if found is None or (action := VERBS.get(found["verb"].casefold())) is None:
        return None
    code = found["code"].upper()
    return Typed(action, code, found["rest"] or "") if CODE.fullmatch(code) else None


def verb_action(action: str) -> str:
    """Under which verb a form of this action is answered."""
    return action if action in ACTIONS else ANY


def fields(ask: Ask, rest: str) -> dict[str, str]:
    """What was typed, by field: all of it is the first field, unless several are required; then it is a line each."""
    required = [field.name for field in ask.fields if field.required]
    filled = {field.name: "" for field in ask.fields}
    if len(required) > 1:
        return filled | dict(zip(required, rest.split("\n", len(required) - 1), strict=False))
    return filled | ({ask.fields[0].name: rest} if ask.fields else {})


def _verbs() -> Mapping[str, str]:
    found = {
        words.text(f"wecom.verb.{action}").casefold(): action
        for words in (Words("zh"), Words("en"))
        for action in ACTIONS
    }
    return found | {"拒绝": "reject"}


VERBS = _verbs()
"""What people write before a code, in either language, and the action it stands for."""


def _same(known: Code, user: str, room: str, ask: Ask) -> bool:
    return (known.user, known.room, known.ask.action, known.ask.value) == (user, room, ask.action, ask.value)


def _drawn() -> str:
    while True:
        text = "".join(secrets.choice(LETTERS + DIGITS) for _ in range(LENGTH))
        if CODE.fullmatch(text):
            return text
