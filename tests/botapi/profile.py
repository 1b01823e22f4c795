"""The bot's own page and how its updates come: commands, descriptions, webhook."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.botapi.errors import CHAT_NOT_FOUND, Refused, bad

if TYPE_CHECKING:
    from tests.botapi.server import BotApi

Json = dict[str, Any]
Params = Mapping[str, Any]
Files = Mapping[str, tuple[str, bytes]]


def get_me(api: BotApi, params: Params, files: Files) -> Json:
    return {
        **api.bot,
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def _language(api: BotApi, params: Params) -> str:
    code = str(params.get("language_code") or "")
    if not re.fullmatch(r"([a-z]{2})?", code) or code in api.refused_languages:
        raise bad("Invalid language code specified")
    return code


def _scope(params: Params) -> str:
    scope = params.get("scope") or {"type": "default"}
    if not isinstance(scope, dict) or "type" not in scope:
        raise bad("can't parse BotCommandScope")
    return json.dumps(scope, sort_keys=True)


def set_my_commands(api: BotApi, params: Params, files: Files) -> bool:
    commands = params.get("commands") or []
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    for one in commands:
        if not re.fullmatch(r"[a-z0-9_]{1,32}", str(one.get("command", ""))):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(str(one.get("description", ""))) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
    api.commands[_scope(params), _language(api, params)] = list(commands)
    return True


def get_my_commands(api: BotApi, params: Params, files: Files) -> list[Json]:
    return api.commands.get((_scope(params), _language(api, params)), [])


def _profile(field: str, most: int) -> tuple[Callable[..., bool], Callable[..., Json]]:
    def put(api: BotApi, params: Params, files: Files) -> bool:
        text = str(params.get(field) or "")
        if len(text) > most:
            raise bad(f"{field} is too long")
        api.profile[field, _language(api, params)] = text
        return True

    def get(api: BotApi, params: Params, files: Files) -> Json:
        own = api.profile.get((field, _language(api, params)), "")
        return {field: own or api.profile.get((field, ""), "")}

    return put, get


set_name, get_name = _profile("name", 64)
set_description, get_description = _profile("description", 512)
set_short, get_short = _profile("short_description", 120)


# ---------------------------------------------------------------- how updates come


def set_webhook(api: BotApi, params: Params, files: Files) -> bool:
    url, secret = str(params.get("url") or ""), str(params.get("secret_token") or "")
    if url and not url.startswith("https://"):
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if not re.fullmatch(r"[A-Za-z0-9_-]{0,256}", secret):
        raise bad("secret token contains unallowed characters")
    if not 1 <= (connections := int(params.get("max_connections") or 40)) <= 100:
        raise bad("max_connections is out of range")
    if params.get("allowed_updates") is not None:
        api.updates.allowed = params["allowed_updates"]
    api.updates.webhook = url
    api.webhooks.begin(url, secret, connections)
    return True


def delete_webhook(api: BotApi, params: Params, files: Files) -> bool:
    api.updates.webhook = ""
    api.webhooks.end()
    if params.get("drop_pending_updates"):
        api.updates.waiting.clear()
    return True


def get_webhook_info(api: BotApi, params: Params, files: Files) -> Json:
    return {
        "url": api.updates.webhook,
        "has_custom_certificate": False,
        "pending_update_count": len(api.updates.waiting),
    }


def get_chat(api: BotApi, params: Params, files: Files) -> Json:
    chat = api.store.chats.get(int(params.get("chat_id") or 0))
    if chat is None:
        raise Refused(400, CHAT_NOT_FOUND)
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    return {
        **chat.json(),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": dict.fromkeys(gifts, False),
    }
