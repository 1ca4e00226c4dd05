"""Finds the place a stack trace names among the files of a repository, and cuts out what a person wants to see."""

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from engine.code import Mention
from engine.masking import mask
from engine.model import HASH
from engine.sources.notes import cut

BEFORE, AFTER = 8, 5
"""Lines shown around the one that failed."""
LONGEST = 160
"""Characters of one line."""
MOST_MENTIONS = 6
MOST_BYTES = 256 * 1024
"""Of one file; what is larger nobody wrote by hand."""
MOST_REFS = 4

REF = re.compile(r"(?=[^\d]*\d)[0-9A-Za-z][\w.+/-]{0,99}")
"""A tag or commit that may be asked for; without any digit it is a branch, which means another commit every day."""
IDENTIFIER = re.compile(r"[A-Za-z_]\w*")
NO_SYMBOL = frozenset(
    {"module", "init", "clinit", "lambda", "anonymous", "main", "block", "in", "new", "top", "required"}
)
"""What stack traces call code that has no name of its own, or one that everybody has."""
HUNK = re.compile(r"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")


def refs(versions: Iterable[str]) -> tuple[str, ...]:
    """What to ask a repository for so that it may know one of these versions: an image's tag, with and without a v."""
    named: dict[str, None] = {}
    for version in versions:
        tag = version.partition("@")[0].rpartition(":")[2]
        for each in (tag, tag[1:] if re.match(r"v\d", tag) else f"v{tag}" if re.match(r"\d+\.", tag) else ""):
            if REF.fullmatch(each) and ".." not in each:
                named.setdefault(each)
    return tuple(named)[:MOST_REFS]


def running(names: Sequence[str], commits: Sequence[str]) -> tuple[str, str]:
    """Of names and the commits a repository knows by them ("": none), the first commit that really is called so, with
    its name; none where all it has are hashes that begin like the number of a build."""
    both = ((commit, name) for commit, name in zip(commits, names, strict=True) if commit and _called(commit, name))
    return next(both, ("", ""))


def _called(commit: str, name: str) -> bool:
    # Git reads v2.3.1-4-gabc1234 as the commit after the last -g.
    part = name.rpartition("-g")[2]
    return not commit.startswith(part) or bool(HASH.fullmatch(part))


def fitting(file: str, paths: Iterable[str]) -> list[str]:
    """The paths that end as the file does for the longest: one where it is clear which is meant, none where there is
    no such file. A container has it elsewhere than the repository, but under the same folders as far as they are its
    own."""
    wanted = _segments(file)[::-1]
    longest, found = 1, []
    for path in paths if wanted else ():
        if not path.endswith(wanted[0]):
            continue
        own = path.split("/")[::-1]
        alike = next((n for n, (one, other) in enumerate(zip(own, wanted, strict=False)) if one != other), None)
        length = min(len(own), len(wanted)) if alike is None else alike
        if length > longest:
            longest, found = length, [path]
        elif length == longest:
            found.append(path)
    return found


def _segments(file: str) -> list[str]:
    plain = file.replace("\\", "/").partition("?")[0]
    return [each for each in plain.split("/") if each not in ("", ".", "..") and not each.endswith(":")]


def sure(file: str, path: str) -> bool:
    """Whether more than the bare name of the file speaks for the path."""
    named = _segments(file)
    return len(named) > 1 and path.split("/")[-2:] == named[-2:]


def symbol(function: str) -> str:
    """The name of a function as it stands in code; "" where it has none worth looking for."""
    named = IDENTIFIER.findall(function.replace("$", " "))
    words = [word for word in named if word.strip("_").lower() not in NO_SYMBOL]
    return words[-1] if words and len(words[-1]) > 2 else ""


def opened(content: bytes) -> str | None:
    """A file as text; None where it is none, or too large to be read by people."""
    if len(content) > MOST_BYTES or b"\0" in content:
        return None
    return content.decode("utf-8", "replace").replace("\r\n", "\n")


def around(text: str, line: int) -> tuple[int, tuple[str, ...]] | None:
    """The number of the first line, and the lines around this one without secrets; None where no lines can be shown
    without the risk of one."""
    lines = _masked(text)
    first = max(line - BEFORE, 1)
    return (first, tuple(shown(each) for each in lines[first - 1 : line + AFTER])) if lines else None


def _masked(text: str) -> list[str]:
    """The lines without secrets; none where one goes over several: it is gone with them, and the rest no longer
    counts. A line cut before it is masked would show the first half of a secret."""
    lines = mask(text).split("\n")
    return lines if len(lines) == text.count("\n") + 1 else []


def shown(line: str) -> str:
    """One line of code: tabs as spaces, nothing that does not print, bounded."""
    plain = line.expandtabs(4)[: 2 * LONGEST]
    return "".join(sign for sign in plain if sign.isprintable())[:LONGEST].rstrip()


def mentions(name: str, files: Sequence[tuple[str, str]], path: str, seen: range) -> tuple[Mention, ...]:
    """Where files (path, text) name the function, except among the lines of `path` that are shown already."""
    if not name:
        return ()
    found = (
        Mention(path=cut(where), line=number, text=shown(line).strip())
        for where, text in files
        for number, line in enumerate(_masked(text), 1)
        if names(name, line) and not (where == path and number in seen)
    )
    return tuple(islice(found, MOST_MENTIONS))


def names(name: str, line: str) -> bool:
    """Whether a line holds the name as a word of its own."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", line) is not None


def before(patch: str, line: int) -> int | None:
    """Where a line stood in its file before a patch; None where the patch wrote it."""
    old = new = 1
    for row in patch.split("\n"):
        if hunk := HUNK.match(row):
            # A side without any line is counted from the line before it.
            start = int(hunk[3]) + (hunk[4] == "0")
            if line < start:
                break
            old, new = int(hunk[1]) + (hunk[2] == "0"), start
        elif row.startswith("+"):
            if new == line:
                return None
            new += 1
        elif row.startswith("-"):
            old += 1
        elif not row.startswith("\\"):
            if new == line:
                break
            old, new = old + 1, new + 1
    return line - new + old
