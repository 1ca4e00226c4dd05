"""Seals what the buttons of a card carry, so that a value nobody here gave out is not taken for one."""

import hashlib
import hmac
import json
import os
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

TAG = 16
"""Bytes of the seal."""


KEY_FILE = "seal.key"


class Seal:
    """Signs the values of buttons and forms with a key of this house. What comes back names ids alone: everything they
    stand for is read from the store."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def close(self, action: str, value: Mapping[str, str]) -> str:
        """ASCII text that carries action and value, with a seal; about 4/3 of their length."""
        text = json.dumps([action, dict(value)], sort_keys=True, separators=(",", ":")).encode("ascii")
        return urlsafe_b64encode(self._tag(text) + text).decode("ascii").rstrip("=")

    def open(self, sealed: str) -> tuple[str, dict[str, str]] | None:
        """Action and value; None for anything this house did not seal."""
        try:
            raw = urlsafe_b64decode(sealed.encode("ascii") + b"=" * (-len(sealed) % 4))
        except ValueError:
            return None
        tag, text = raw[:TAG], raw[TAG:]
        if not hmac.compare_digest(tag, self._tag(text)):
            return None
        action, value = json.loads(text)
        return action, value

    def _tag(self, text: bytes) -> bytes:
        return hmac.new(self._key, text, hashlib.sha256).digest()[:TAG]


def seal_of(directory: Path) -> Seal:
    """The seal of the house whose data lies here; its key is made the first time and only its owner may read it."""
    file = directory / KEY_FILE
    with suppress(FileExistsError), open(file, "xb", opener=_private) as new:
        new.write(secrets.token_bytes(32))
    return Seal(file.read_bytes())


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
