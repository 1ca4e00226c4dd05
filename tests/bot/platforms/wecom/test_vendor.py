"""Holds the fake server to Tencent's own client: it subscribes, hears, answers, updates a card and sends."""

import asyncio
import importlib
import ipaddress
import ssl
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.bot.platforms.wecom.desk import ROOM
from tests.bot.platforms.wecom.test_server import card
from tests.fakes.clock import START
from tests.fakes.wecom_server import BOT, SECRET, wecom_server


def certificate(folder: Path) -> tuple[ssl.SSLContext, str]:
    """A certificate for this machine: Tencent's client speaks TLS alone. The server's context, and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2099, 1, 1, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "server.pem"
    public = made.public_bytes(serialization.Encoding.PEM)
    plain = serialization.NoEncryption()
    file.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain) + public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, public.decode()


class Quiet:
    def debug(self, message: str, *rest: object) -> None: ...
    def info(self, message: str, *rest: object) -> None: ...
    def warn(self, message: str, *rest: object) -> None: ...
    def error(self, message: str, *rest: object) -> None: ...


@pytest.fixture
def aibot() -> Any:
    """Tencent's package. It imports a module of websockets that is on its way out, and says so."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return importlib.import_module("aibot")


@pytest.mark.real("aibot")
async def test_tencents_own_client_understands_the_fake_and_is_understood(tmp_path: Path, aibot: Any) -> None:
    context, trusted = certificate(tmp_path)
    aibot.ws._SSL_CONTEXT.load_verify_locations(cadata=trusted)
    heard: asyncio.Queue[tuple[str, dict[str, Any]]] = asyncio.Queue()
    async with wecom_server(lambda: START, tls=context) as server:
        server.chats = {ROOM: {"lin"}}
        options = aibot.WSClientOptions(bot_id=BOT, secret=SECRET, ws_url=server.url, logger=Quiet())
        client = aibot.WSClient(options)
        client.on("message.text", lambda frame: heard.put_nowait(("text", frame)))
        client.on("event.template_card_event", lambda frame: heard.put_nowait(("press", frame)))
        await client.connect()
        await server.until(lambda: server.subscriptions == 1)

        await server.say("lin", ROOM, "为什么?", msgid="m-1")
        kind, frame = await heard.get()
        assert (kind, frame["body"]["msgid"], frame["body"]["text"]["content"]) == ("text", "m-1", "@Tocsin 为什么?")
        await client.reply_stream(frame, "s-1", "looking", finish=False)
        await client.reply_stream(frame, "s-1", "found", finish=True)
        assert server.seen(ROOM) == ["found"]

        shown = card()["body"]["template_card"]
        await client.send_message(ROOM, {"msgtype": "template_card", "template_card": shown})
        await server.press("lin", ROOM, "批准…")
        kind, frame = await heard.get()
        assert kind == "press"
        assert frame["body"]["event"]["event_key"] == "approve"
        changed = shown | {"sub_title_text": "reply"}
        assert (await client.update_template_card(frame, changed, ["lin"]))["errcode"] == 0
        assert "reply" in server.seen(ROOM, "lin")[-1]
        assert server.refused == []
        client.disconnect()
        await server.until(lambda: not server.connected)
