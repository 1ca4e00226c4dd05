"""Opens and closes what WeCom sends to a callback: signed with SHA-1, encrypted with AES-256-CBC in blocks of 32."""

import base64
import binascii
import hashlib
import hmac
import secrets

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32
"""WeCom pads to 32 bytes, not to the 16 of AES."""
PREFIX = 16
LENGTH = 4
KEY_TEXT = 43
"""Characters of an EncodingAESKey: 32 bytes in base64 without the last sign."""


class Crypto:
    """The keys of one callback. `receiver` is who messages are for: the corporation id."""

    def __init__(self, token: str, aes_key: str, receiver: str) -> None:
        """ValueError for a key that is none."""
        self._token = token
        self._key = base64.b64decode(f"{aes_key}=", validate=True) if len(aes_key) == KEY_TEXT else b""
        if len(self._key) != 32:
            raise ValueError("the AES key of a WeCom callback has 43 letters and digits")
        self._receiver = receiver.encode()

    def signature(self, timestamp: str, nonce: str, encrypted: str) -> str:
        """The signature WeCom puts beside an encrypted text."""
        parts = "".join(sorted((self._token, timestamp, nonce, encrypted)))
        # SHA-1 is what WeCom signs with; there is no other choice.
        return hashlib.sha1(parts.encode("utf-8", "surrogateescape"), usedforsecurity=False).hexdigest()

    def is_signed(self, signature: str, timestamp: str, nonce: str, encrypted: str) -> bool:
        """Whether the signature fits, compared in constant time."""
        wanted = self.signature(timestamp, nonce, encrypted)
        return hmac.compare_digest(wanted.encode(), signature.encode("utf-8", "surrogateescape"))

    def open(self, encrypted: str) -> bytes | None:
        """The message; None where anything about it is wrong: base64, length, padding, or who it is for."""
        try:
            raw = base64.b64decode(encrypted.encode("ascii"), validate=True)
        except (ValueError, binascii.Error):
            return None
        if not raw or len(raw) % BLOCK:
            return None
        decryptor = self._cipher().decryptor()
        text = _unpadded(decryptor.update(raw) + decryptor.finalize())
        if text is None or len(text) < PREFIX + LENGTH:
            return None
        size = int.from_bytes(text[PREFIX : PREFIX + LENGTH], "big")
        message, receiver = text[PREFIX + LENGTH :][:size], text[PREFIX + LENGTH + size :]
        if len(message) != size or not hmac.compare_digest(receiver, self._receiver):
            return None
        return message

    def close(self, message: bytes) -> str:
        """A message as WeCom encrypts it."""
        text = secrets.token_bytes(PREFIX) + len(message).to_bytes(LENGTH, "big") + message + self._receiver
        missing = BLOCK - len(text) % BLOCK
        encryptor = self._cipher().encryptor()
        return base64.b64encode(encryptor.update(text + bytes([missing]) * missing) + encryptor.finalize()).decode(
            "ascii"
        )

    def _cipher(self) -> Cipher[modes.CBC]:
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))


def open_media(content: bytes, aes_key: str) -> bytes | None:
    """A picture or file people sent, opened with the key that came beside its address; None where it does not fit."""
    try:
        key = base64.b64decode(aes_key + "=" * (-len(aes_key) % 4), validate=True)
    except ValueError:
        return None
    if len(key) != 32 or not content or len(content) % 16:
        return None
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    return _unpadded(decryptor.update(content) + decryptor.finalize())


def _unpadded(text: bytes) -> bytes | None:
    count = text[-1]
    if not 1 <= count <= BLOCK or text[-count:] != bytes([count]) * count:
        return None
    return text[:-count]
