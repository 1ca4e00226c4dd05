"""Says what an administrator still has to do in WeCom, by WeCom's own names: credentials, trusted IPs, the app."""

from aiohttp import ClientSession

from bot.platforms.wecom.app_api import AppApi
from bot.platforms.wecom.crypto import Crypto
from bot.platforms.wecom.errors import Refused
from bot.settings import WeCom
from engine.errors import PlatformError, SettingsError
from engine.model import Phrase
from engine.ports import Clock

NAMED = {
    40001: "wecom.check.secret",
    40013: "wecom.check.corp_id",
    60020: "wecom.check.trusted_ip",
    301002: "wecom.check.agent_id",
    40056: "wecom.check.agent_id",
}
"""What WeCom's error codes mean for whoever sets the app up."""


def callback_keys(settings: WeCom) -> Crypto | None:
    """The keys of the app's callback; None where no callback is meant. SettingsError where half of what a bot, an app
    or a callback needs is missing, or a key is none."""
    for whole, half in (("bot_id", "bot_secret"), ("corp_id", "secret"), ("token", "encoding_aes_key")):
        if bool(_plain(settings, whole)) is not bool(_plain(settings, half)):
            values = {"one": f"TOCSIN_WECOM__{whole}".upper(), "other": f"TOCSIN_WECOM__{half}".upper()}
            raise SettingsError(Phrase(word="wecom.half", values={**values}))
    if settings.corp_id and not settings.agent_id:
        values = {"one": "TOCSIN_WECOM__CORP_ID", "other": "TOCSIN_WECOM__AGENT_ID"}
        raise SettingsError(Phrase(word="wecom.half", values={**values}))
    if not settings.corp_id or not _plain(settings, "token"):
        return None
    try:
        return Crypto(_plain(settings, "token"), _plain(settings, "encoding_aes_key"), settings.corp_id)
    except ValueError as error:
        raise SettingsError(Phrase(word="wecom.bad_encoding_aes_key", values={"reason": str(error)})) from None


async def examine(settings: WeCom, session: ClientSession, clock: Clock) -> tuple[Phrase, ...]:
    """Everything that is wrong with the app, one phrase each; nothing where all is well. Of the AI bot only the
    settings are judged: asking would take its one connection from the process that runs."""
    try:
        callback_keys(settings)
    except SettingsError as error:
        return (error.phrase,)
    if not settings.corp_id:
        return ()
    api = AppApi(settings.api_url, settings.corp_id, _plain(settings, "secret"), session, clock)
    try:
        await api.get("agent/get", {"agentid": settings.agent_id})
    except Refused as refused:
        word = NAMED.get(refused.code)
        return (Phrase(word=word) if word else refused.phrase,)
    except PlatformError as error:
        return (error.phrase,)
    return ()


def _plain(settings: WeCom, name: str) -> str:
    value = getattr(settings, name)
    return value if isinstance(value, str) else value.get_secret_value()
