"""Finds the project's own source for the tests about it: files, modules, syntax trees."""

import ast
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = ("bot", "handlers", "cards", "engine", "store")
"""The five packages that ship."""


def _listed_by_git() -> list[str] | None:
    """None where there is no git, or no checkout that it knows."""
    if shutil.which("git") is None:
        return None
    listing = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [name for name in listing.stdout.split("\0") if name] if listing.returncode == 0 else None


@cache
def tracked() -> tuple[Path, ...]:
    """Every file that is, or is about to be, in version control; outside a checkout every file but hidden folders."""
    listed = _listed_by_git()
    if listed is not None:
        files = [ROOT / name for name in listed]
    else:
        folders = [entry for entry in ROOT.iterdir() if not entry.name.startswith(".")]
        files = [path for entry in folders for path in (entry.rglob("*") if entry.is_dir() else [entry])]
    return tuple(sorted(path for path in files if path.is_file() and "__pycache__" not in path.parts))


def modules(*folders: str) -> tuple[Path, ...]:
    """The Python files in these folders (all of the project's when none is named)."""
    python = [path for path in tracked() if path.suffix == ".py"]
    return tuple(path for path in python if not folders or path.relative_to(ROOT).parts[0] in folders)


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def name(path: Path) -> str:
    """How a failing test names a file."""
    return path.relative_to(ROOT).as_posix()


def module_name(path: Path) -> str:
    """The dotted name under which a file is imported."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything a file imports, wherever in the file it does so."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.lineno, node.module
