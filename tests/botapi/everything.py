"""Every type of update and everything a message may hold, made from aiogram's own description of the Bot API."""

from __future__ import annotations

import datetime
import types
import typing
from collections.abc import Iterator
from enum import Enum
from typing import Any, Literal, get_args, get_origin

from aiogram.types import Message
from aiogram.types import Update as AiogramUpdate
from pydantic import BaseModel

Json = dict[str, Any]
DEEPEST = 12
# What says who, where and when, or about another message: no content of its own.
AROUND = {
    *("message_id", "date", "chat", "from_user", "sender_chat", "message_thread_id", "reply_to_message"),
    *("migrate_to_chat_id", "migrate_from_chat_id", "business_connection_id"),
}


def updates() -> Iterator[tuple[str, Json]]:
    """Each type of update with the least it may hold."""
    for name, info in AiogramUpdate.model_fields.items():
        if name != "update_id":
            yield name, least(info.annotation)


def contents() -> Iterator[tuple[str, Json]]:
    """Each field of a message, by itself."""
    for name, info in Message.model_fields.items():
        if name not in AROUND:
            yield name, {info.alias or name: least(info.annotation)}


def least(shape: Any, depth: int = 0) -> Any:
    """The least JSON that is of this type."""
    if depth > DEEPEST:
        raise RecursionError(shape)
    origin = get_origin(shape)
    if origin is typing.Annotated:
        return least(get_args(shape)[0], depth)
    if origin is Literal:
        return get_args(shape)[0]
    if origin in (typing.Union, types.UnionType):
        return next(least(one, depth) for one in get_args(shape) if one is not type(None))
    if origin in (list, typing.List):  # noqa: UP006  aiogram writes both
        return [least(get_args(shape)[0], depth + 1)]
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        fields = ((info.alias or name, info) for name, info in shape.model_fields.items())
        return {
            name: info.default.value if isinstance(info.default, Enum) else least(info.annotation, depth + 1)
            for name, info in fields
            if info.is_required() or isinstance(info.default, Enum)
        } | _fixed(shape)
    if isinstance(shape, type) and issubclass(shape, Enum):
        return next(iter(shape)).value
    if shape is bool:
        return True
    if shape is float:
        return 1.5
    if shape in (str, Any):
        return "x"
    return 1 if shape in (int, datetime.datetime, datetime.timedelta) else "x"


def _fixed(shape: type[BaseModel]) -> Json:
    """Fields that tell which kind of a family an object is."""
    return {
        info.alias or name: info.default
        for name, info in shape.model_fields.items()
        if get_origin(info.annotation) is Literal and not info.is_required()
    }
