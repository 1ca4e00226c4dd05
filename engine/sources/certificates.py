"""Reads until when a server's certificate is valid, whether or not anybody trusts it; nothing is sent to it."""

import asyncio
import contextlib
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

SEQUENCE, UTC_TIME, GENERALIZED_TIME, VERSION = 0x30, 0x17, 0x18, 0xA0


class Piece(NamedTuple):
    """One element of DER: its tag and what is inside."""

    tag: int
    inside: bytes


async def expiry(host: str, port: int) -> datetime | None:
    """Until when the certificate that answers there is valid; None where nobody answers or it cannot be read.

    The caller bounds the time. The connection is not trusted: it is closed before anything is said on it."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
    except (OSError, ValueError):
        return None
    try:
        der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        return not_after(der) if der else None
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def not_after(der: bytes) -> datetime | None:
    """The end of a certificate's validity; None where the bytes are no certificate.

    Certificate ::= { { [version], serial, algorithm, issuer, { notBefore, notAfter }, … }, … }"""
    try:
        (certificate, *_) = _pieces(der)
        (body, *_) = _pieces(certificate.inside)
        fields = [piece for piece in _pieces(body.inside) if piece.tag != VERSION]
        _, end, *_ = _pieces(fields[3].inside)
        return _moment(end)
    except (ValueError, IndexError):
        return None


def _moment(piece: Piece) -> datetime:
    text = piece.inside.decode("ascii")
    if piece.tag == UTC_TIME:
        # Two digits of the year: 50 and later are of the last century (RFC 5280).
        text = ("19" if text >= "5" else "20") + text
    elif piece.tag != GENERALIZED_TIME:
        raise ValueError("no time")
    return datetime.strptime(text, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)


def _pieces(der: bytes) -> Iterator[Piece]:
    place = 0
    while place < len(der):
        tag, length, place = der[place], der[place + 1], place + 2
        if length & 0x80:
            size = length & 0x7F
            length, place = int.from_bytes(der[place : place + size], "big"), place + size
        if place + length > len(der):
            raise ValueError("cut short")
        yield Piece(tag, der[place : place + length])
        place += length
