"""Says what a renderer is given besides the card, and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from cards.render.slack.wording import Json

BACKGROUND, LOGS, TABLES, FOLDS, CHARTS = "background", "logs", "tables", "folds", "charts"
FINDINGS, PROSE, FACTS, STEPS = "findings", "prose", "facts", "steps"
BUTTONS, CHANGES = "buttons", "changes"
ORDER = (BACKGROUND, LOGS, TABLES, FOLDS, CHARTS, FINDINGS, PROSE, FACTS, STEPS, BUTTONS, CHANGES)
"""What goes first where not everything fits. The title, rows of approval and questions are in no list: they stay."""


@dataclass(frozen=True)
class Stage:
    """Where a card is shown. `close` seals action and value into the text a button carries. `pictures` maps the number
    of a chart, as `charts` counts them, to the id of its uploaded file. `language` is what stands where no card is."""

    public_url: str
    close: Callable[[str, Mapping[str, str]], str]
    pictures: Mapping[int, str] = field(default_factory=dict)
    language: str = "en"

    def page(self, incident: str) -> str:
        """The address of an incident's page; of the overview where there is no incident."""
        base = self.public_url.rstrip("/")
        return f"{base}/incidents/{quote(incident, safe='', errors='replace')[:200]}" if incident else f"{base}/"


@dataclass(frozen=True)
class Drawn:
    """A message. `text` is for notifications, `blocks` hold the title and whom it calls, `attachments` the rest;
    `shed` names what did not fit. `payload` has the parts that chat.postMessage and chat.update take."""

    text: str
    blocks: tuple[Json, ...]
    attachments: tuple[Json, ...]
    shed: tuple[str, ...] = ()

    @property
    def payload(self) -> dict[str, Any]:
        return {"text": self.text, "blocks": list(self.blocks), "attachments": list(self.attachments)}


@dataclass(frozen=True)
class Piece:
    """One block of a message, under the name by which it may be shed; "" is never shed. `lost` names what had to be
    left out of this very block."""

    block: Json
    kind: str
    lost: str = ""


@dataclass(frozen=True)
class Scene:
    """The card's surroundings while its blocks are drawn. A message may hold one table, views none."""

    stage: Stage
    incident: str
    language: str
    in_view: bool = False

    @property
    def page(self) -> str:
        return self.stage.page(self.incident)
