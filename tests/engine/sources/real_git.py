"""Makes repositories with the git that is installed, whatever the machine's own configuration says."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from bot.settings import command_environment

PATH = command_environment()["PATH"]
ALONE = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null", "LC_ALL": "C", "PATH": PATH}


class Repository:
    """A working copy with a history of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *words: str, **more: str) -> str:
        """What git says to these words."""
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env={**ALONE, **more}, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def commit(
        self,
        files: Mapping[str, str | bytes],
        message: str = "Begin",
        *,
        by: str = "alice",
        date: str = "2026-11-20T08:00:00Z",
        links: Mapping[str, str] | None = None,
        tag: str = "",
    ) -> str:
        """Write these files over what there is, commit everything, and say the hash."""
        for path, text in files.items():
            file = self.folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(text if isinstance(text, bytes) else text.encode())
        for path, to in (links or {}).items():
            (self.folder / path).symlink_to(to)
        self.git("add", "--all")
        who = {f"GIT_{role}_{what}": by for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
        self.git("commit", "--quiet", f"--message={message}", GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date, **who)
        if tag:
            self.git("tag", tag)
        return self.git("rev-parse", "HEAD")


def program(file: Path, script: str) -> str:
    """A program that runs this instead of git."""
    file.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    file.chmod(0o755)
    return str(file)
