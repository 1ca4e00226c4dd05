"""Checks how the codes of each platform are sorted: refused for good, later, or once somebody has mended something."""

import pytest

from bot.platforms.feishu import refusals as feishu
from bot.platforms.slack import refusals as slack
from bot.platforms.wecom import errors as wecom
from engine.errors import PlatformBusy, PlatformError, PlatformRefused

SLACK = {
    "good": "invalid_blocks invalid_attachments msg_too_long msg_blocks_too_long no_text user_not_found "
    "invalid_arguments metadata_too_large too_many_attachments message_not_found thread_not_found "
    "cant_update_message edit_window_closed expired_trigger_id exchanged_trigger_id",
    "later": "ratelimited internal_error fatal_error service_unavailable",
    "room": "invalid_auth not_authed token_revoked account_inactive missing_scope not_in_channel channel_not_found "
    "is_archived restricted_action",
}
FEISHU = {
    "good": "230025 230028 230031 230099 200621 11310 230011 230110 230001 230075",
    "later": "99991400 230020 1000004",
    "room": "230027 230002 230006 99991672 10003 99991663",
}
WECOM = {
    "good": "40058 40008 44004 45002 846605 846608",
    "later": "45009 45033 45047 -1",
    "room": "40001 40013 40014 41001 42001 60020 81013 93006 846600",
}


def kind(error: PlatformError | None) -> str:
    assert error is not None
    if isinstance(error, PlatformRefused):
        assert not isinstance(error, PlatformBusy)
        return "good"
    return "later" if isinstance(error, PlatformBusy) else "room"


@pytest.mark.parametrize("wanted", SLACK)
def test_the_codes_of_slack(wanted: str) -> None:
    found = {code: kind(slack.refusal("chat.postMessage", 200, {}, {"error": code})) for code in SLACK[wanted].split()}
    assert found == dict.fromkeys(found, wanted)
    assert kind(slack.refusal("chat.postMessage", 429, {}, {})) == "later"
    assert kind(slack.refusal("chat.postMessage", 502, {}, {})) == "later"


@pytest.mark.parametrize("wanted", FEISHU)
def test_the_codes_of_feishu(wanted: str) -> None:
    found = {code: kind(feishu.refusal(400, {}, {"code": int(code)})) for code in FEISHU[wanted].split()}
    assert found == dict.fromkeys(found, wanted)
    assert kind(feishu.refusal(429, {}, {})) == "later"
    assert kind(feishu.refusal(502, {}, {})) == "later"


@pytest.mark.parametrize("wanted", WECOM)
def test_the_codes_of_wecom(wanted: str) -> None:
    found = {code: kind(wecom.refusal({"errcode": int(code)})) for code in WECOM[wanted].split()}
    assert found == dict.fromkeys(found, wanted)
