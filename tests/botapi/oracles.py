"""Two independent libraries judge what the server says and what a bot says to it.

Each function returns complaints, one a line; an empty list is praise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

import aiogram.methods
from aiogram.types import TelegramObject as AiogramObject
from aiogram.types import Update as AiogramUpdate
from pydantic import BaseModel, TypeAdapter, ValidationError
from telegram import (
    BotCommand,
    BotDescription,
    BotName,
    BotShortDescription,
    ChatFullInfo,
    ChatMember,
    Message,
    TelegramObject,
    Update,
    User,
    WebhookInfo,
)

from tests.botapi.server import Call

RESULTS: dict[str, type[TelegramObject]] = {
    "getMe": User,
    "getChat": ChatFullInfo,
    "getChatMember": ChatMember,
    "sendMessage": Message,
    "sendDocument": Message,
    "sendPhoto": Message,
    "editMessageText": Message,
    "editMessageReplyMarkup": Message,
    "getMyName": BotName,
    "getMyDescription": BotDescription,
    "getMyShortDescription": BotShortDescription,
    "getWebhookInfo": WebhookInfo,
    "getMyCommands": BotCommand,
    "getUpdates": Update,
}


def judge_update(raw: dict[str, Any]) -> list[str]:
    """What python-telegram-bot and aiogram have against an update the server made."""
    return [*_ptb(Update, raw), *_aiogram(AiogramUpdate, raw)]


def judge_result(method: str, result: Any) -> list[str]:
    """What both have against the result of a method."""
    complaints = _aiogram(_method(method).__returning__, result)
    for one in result if isinstance(result, list) else [result]:
        if isinstance(one, dict):
            complaints += _ptb(RESULTS[method], one)
    return complaints


def judge_calls(calls: Iterable[Call]) -> list[str]:
    """What aiogram, which checks types and required parameters, has against the calls of a bot."""
    return [complaint for call in calls for complaint in _call(call)]


# ---------------------------------------------------------------- inside


def _method(name: str) -> Any:
    return getattr(aiogram.methods, name[0].upper() + name[1:])


def _call(call: Call) -> list[str]:
    shape = _method(call.method)
    params = {**{part: f"attach://{part}" for part in call.files}, **call.params}
    unknown = set(params) - set(shape.model_fields)
    return [f"{call.method}: no such parameter {name}" for name in sorted(unknown)] + _aiogram(shape, params)


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    """Making one takes far longer than using it."""
    return TypeAdapter(shape)


def _aiogram(shape: Any, raw: Any) -> list[str]:
    try:
        read = _adapter(shape).validate_python(raw)
    except ValidationError as error:
        return [f"aiogram: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return [f"aiogram does not know {name}" for name in _extra(read)]


def _extra(value: Any) -> Iterator[str]:
    if isinstance(value, AiogramObject | BaseModel):
        yield from (f"{type(value).__name__}.{name}" for name in value.model_extra or {})
        for name in type(value).model_fields:
            yield from _extra(getattr(value, name))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _extra(one)


def _ptb(shape: type[TelegramObject], raw: dict[str, Any]) -> list[str]:
    try:
        read = shape.de_json(dict(raw), None)
    except (TypeError, KeyError, ValueError, AttributeError) as error:
        return [f"python-telegram-bot: {shape.__name__}: {type(error).__name__} {error}"]
    return [f"python-telegram-bot does not know {name}" for name in _unknown(read)]


def _unknown(value: Any) -> Iterator[str]:
    if isinstance(value, TelegramObject):
        yield from (f"{type(value).__name__}.{name}" for name in value.api_kwargs)
        for kind in type(value).__mro__:
            for slot in getattr(kind, "__slots__", ()):
                yield from _unknown(getattr(value, slot, None))
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _unknown(one)
