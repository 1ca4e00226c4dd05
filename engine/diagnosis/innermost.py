"""Finds in the text of an error the words of the one that began it: of a chain of causes the innermost."""

import re

from engine.diagnosis.stacks import DOTNET, GO, JAVA, LONGEST_STACK, NODE, PHP, PYTHON
from engine.diagnosis.templates import plain
from engine.masking import masked

LONGEST = 300
LONGEST_LINE = 500
LATER = re.compile(r"\n(?:During handling of the above|The above exception was)")
"""What Python prints between an error and those that came of it."""
EARLIER = re.compile(r"Caused by:\s+|\n[ \t]*-{3}> |\n[ \t]*\[cause\]: |\bnested exception is:?\s+")
"""What Java, Ruby, C#, Node and Spring print between an error and the one that it came of."""
PANIC = re.compile(r"\bpanic: |\bpanicked at (?:[^\n]{1,300}:\d+:\d+:\n|(?='))")
NAMED = re.compile(r"[A-Za-z_][\w.]*(?:: |$)")
"""How Python says an error: its class, and what it says of itself."""
NUMBERED = re.compile(r"\s*\d+: ")
"""One of several causes, as Rust's anyhow prints them."""
RAISED = re.compile(r"(?:^|[\s:(\\])(?:[A-Za-z_][\w$]*(?:\.|\\|::))*[A-Z][\w$]*(?:Error|Exception)\b")


def words(text: str) -> str:
    """One line: what was raised first, and why; without secrets and bounded."""
    text = text[:LONGEST_STACK]
    said = plain(text) if text.lstrip().startswith("{") else _first_raised(text)
    return masked(" ".join(said.split()), LONGEST)


def _first_raised(text: str) -> str:
    if any(PYTHON.match(line) for line in text.split("\n")):
        return _of_python(LATER.split(text)[0])
    if panic := PANIC.search(text):
        return text[panic.end() :].partition("\n")[0]
    return _before_frames(EARLIER.split(text)[-1].split("\n"))


def _of_python(block: str) -> str:
    """The first line after the frames that is not part of one: of what is not indented the first that names an error,
    for some shippers cut what indents the code of a frame."""
    lines = block.split("\n")
    last = max((number for number, line in enumerate(lines) if PYTHON.match(line)), default=0)
    after = [line for line in lines[last + 1 :] if line.strip() and not line[0].isspace()]
    return next((line for line in after if NAMED.match(line)), after[0] if after else lines[0])


def _before_frames(lines: list[str]) -> str:
    """Of the lines before the first frame the last that names an error, else the first that says anything."""
    end = next((number for number, line in enumerate(lines) if _is_frame(line)), len(lines))
    head = [line for line in lines[: max(end, 1)] if line.strip()]
    if head and all(NUMBERED.match(line) for line in head):
        return NUMBERED.sub("", head[-1], count=1)
    naming = [line for line in head if RAISED.search(line[:LONGEST_LINE])]
    return naming[-1] if naming else head[0] if head else ""


def _is_frame(line: str) -> bool:
    line = line[:LONGEST_LINE]
    return any(pattern.match(line) for pattern in (JAVA, DOTNET, NODE, GO, PHP)) or line.lstrip().startswith("at ")
