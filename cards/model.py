"""Says what a card means, block by block; each platform draws it as richly as it can."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

Tone = Literal["neutral", "info", "good", "warning", "bad"]
StepState = Literal["pending", "running", "done", "failed", "skipped"]

# All text in a card is finished words in the room's language, and hostile: renderers escape it, defuse mentions and
# cut it to the platform's limits. Nothing here is markup.


@dataclass(frozen=True)
class Prose:
    """Sentences. `quiet` is background, visually apart."""

    text: str
    quiet: bool = False
    strong: bool = False


@dataclass(frozen=True)
class Facts:
    """Name and value pairs, short."""

    pairs: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Step:
    """One step of something under way."""

    text: str
    state: StepState
    note: str = ""


@dataclass(frozen=True)
class Steps:
    """Steps with their states, in order."""

    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Finding:
    """One piece of evidence: id, sentence, before → after, how sure that is, and where a person can open it."""

    id: str
    kind: str
    text: str
    before: str = ""
    after: str = ""
    since: str = ""
    abnormal: bool = False
    link: str = ""
    query: str = ""
    sure: str = ""


@dataclass(frozen=True)
class Findings:
    """Pieces of evidence, in order."""

    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class Table:
    """Rows under column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Mark:
    """A moment marked on a chart: a deploy, an onset, an action."""

    at: datetime
    text: str
    tone: Tone = "info"


@dataclass(frozen=True)
class Band:
    """The range in which a series usually lies; `text` says so with its figures."""

    low: float
    high: float
    text: str


@dataclass(frozen=True)
class Limit:
    """A value that was promised, or from which an alert fires; `text` says which."""

    value: float
    text: str


@dataclass(frozen=True)
class Chart:
    """A series, never a picture: points are (unix seconds, value); `unit` stands on the axis, "%" values are 0…100.

    `split` parts before from after. `start` and `end` are what was looked at; None: as far as the points reach.
    """

    title: str
    points: tuple[tuple[float, float], ...]
    unit: str
    marks: tuple[Mark, ...] = ()
    split: datetime | None = None
    band: Band | None = None
    limit: Limit | None = None
    start: datetime | None = None
    end: datetime | None = None
    zone: str = "UTC"


@dataclass(frozen=True)
class Log:
    """Lines as they were written."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Change:
    """A command or a difference that would be or was applied."""

    text: str
    title: str = ""


@dataclass(frozen=True)
class Button:
    """Something a person may press. `action` and `value` come back in ButtonPressed; `value` holds ids alone."""

    action: str
    label: str
    value: dict[str, str] = field(default_factory=dict)
    style: Literal["plain", "primary", "danger"] = "plain"


@dataclass(frozen=True)
class Link:
    """Somewhere a person may go: a path below the public address, or a full address."""

    label: str
    href: str


@dataclass(frozen=True)
class Buttons:
    """Buttons and links in one row. `approval` rows are never shed."""

    buttons: tuple[Button | Link, ...]
    approval: bool = False


@dataclass(frozen=True)
class Field:
    """One input of a form; `choices` makes it a selection."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    required: bool = True
    multiline: bool = False
    choices: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Ask:
    """A question with its form: who may answer, until when. `action` and `value` come back in FormSent."""

    question: str
    who: str
    until: datetime | None
    action: str
    submit: str
    value: dict[str, str] = field(default_factory=dict)
    fields: tuple[Field, ...] = ()
    zone: str = "UTC"


@dataclass(frozen=True)
class Fold:
    """Blocks that may be closed at first; `title` says what is inside."""

    title: str
    blocks: "tuple[Block, ...]"
    open: bool = False


Block = Prose | Facts | Steps | Findings | Table | Chart | Log | Change | Buttons | Ask | Fold


@dataclass(frozen=True)
class Addressee:
    """A person a card calls: what they are called, and their account on each platform that may mention them."""

    name: str
    accounts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Card:
    """One message. `summary` is its one-line text for notifications; `incident` is "" outside incidents. Whoever is in
    `to` is named above all else, and told by a platform that knows their account. Nothing else mentions anybody.
    `plain` stands for one the platform refused: it is to be said in the simplest way there is, and in this language."""

    title: str
    summary: str
    tone: Tone = "neutral"
    blocks: tuple[Block, ...] = ()
    incident: str = ""
    language: str = "en"
    to: tuple[Addressee, ...] = ()
    plain: bool = False
