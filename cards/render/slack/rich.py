"""Makes rich text blocks, whose text Slack shows as it stands: nothing in it is ever parsed."""

from cards.render.slack import limits
from cards.render.slack.wording import ON_A_CLOCK, Json, dated, literal

RUN = 3_000
"""Characters of one run of text; what is longer belongs on the incident page."""


def run(text: str, most: int = RUN, **style: bool) -> Json:
    """A run of text; styles are bold, italic, strike, code."""
    kept = {name: True for name, wanted in style.items() if wanted}
    return {"type": "text", "text": literal(text, most)} | ({"style": kept} if kept else {})


def gap(text: str) -> Json:
    """A run of our own between others: spaces, arrows, line breaks."""
    return {"type": "text", "text": text}


def link(url: str, text: str, most: int = limits.LABEL) -> Json:
    """A link to an address that went through `wording.address`."""
    return {"type": "link", "url": url, "text": literal(text, most)}


def user(id: str) -> Json:
    """A mention of a person, by an id that went through `wording.account_of`."""
    return {"type": "user", "user_id": id}


def emoji(name: str) -> Json:
    """One of Slack's own emoji."""
    return {"type": "emoji", "name": name}


def line(*runs: Json) -> Json:
    """Runs that stand together, ended by a line break. Every reader sees full moments in their own time zone."""
    return {"type": "rich_text_section", "elements": [part for each in runs for part in _on_clocks(each)]}


def _on_clocks(run: Json) -> list[Json]:
    """A run of text as it is, but for the moments in it; code stays as it was written."""
    if run["type"] != "text" or run.get("style", {}).get("code"):
        return [run]
    return [
        {
            "type": "date",
            "timestamp": at,
            "format": ON_A_CLOCK,
            "fallback": words,
            **({"style": run["style"]} if "style" in run else {}),
        }
        if at
        else {**run, "text": words}
        for words, at in dated(run["text"])
    ]


def preformatted(text: str, most: int) -> Json:
    """Lines as they were written."""
    return {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": literal(text, most)}]}


def block(*lines: Json) -> Json:
    """A block of lines."""
    return {"type": "rich_text", "elements": list(lines)}
