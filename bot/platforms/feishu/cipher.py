"""Opens what Feishu encrypts, and names what cannot be believed."""

import base64
import hashlib

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from bot.platforms.body import Rejected

BLOCK = 16


def decrypted(sealed: str, key: str) -> bytes:
    """AES-256-CBC under SHA-256 of the key; its first block is the vector to start from. Rejected for anything else."""
    try:
        raw = base64.b64decode(sealed.encode("ascii"), validate=True)
    except ValueError:
        raise Rejected(400, "What is encrypted is not base64.") from None
    if len(raw) < 2 * BLOCK or len(raw) % BLOCK:
        raise Rejected(400, "What is encrypted has no whole number of blocks.")
    cipher = Cipher(algorithms.AES(hashlib.sha256(key.encode()).digest()), modes.CBC(raw[:BLOCK])).decryptor()
    plain = cipher.update(raw[BLOCK:]) + cipher.finalize()
    padding = plain[-1]
    if not 1 <= padding <= BLOCK or plain[-padding:] != bytes([padding]) * padding:
        raise Rejected(401, "It cannot be decrypted; compare TOCSIN_FEISHU__ENCRYPT_KEY with the app's Encrypt Key.")
    return plain[:-padding]
