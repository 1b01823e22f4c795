"""What each method does: parameters in, result out, or refused."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from tests.botapi import profile
from tests.botapi.errors import NOT_MODIFIED, QUERY_TOO_OLD, Refused, bad
from tests.botapi.markup import read_markup
from tests.botapi.store import Chat
from tests.botapi.texts import read_text

if TYPE_CHECKING:
    from tests.botapi.server import BotApi

Json = dict[str, Any]
Params = Mapping[str, Any]
Files = Mapping[str, tuple[str, bytes]]
QUERY_LIFE = 150.0
KEPT = ("message_id", "from", "chat", "date", "message_thread_id", "is_topic_message")


def _text(params: Params, name: str, most: int, empty: str, long: str) -> Json:
    text, entities = read_text(str(params.get(name) or ""), str(params.get("parse_mode") or ""), most, empty, long)
    prefix = "" if name == "text" else "caption_"
    return {**({name: text} if text else {}), **({f"{prefix}entities": entities} if entities else {})}


def _with_markup(content: Json, params: Params) -> Json:
    markup = read_markup(params.get("reply_markup"))
    return {**content, "reply_markup": markup} if markup else content


def _topic(chat: Chat, params: Params) -> Json:
    """Where in a forum it goes; a topic that is gone is refused."""
    thread = int(params.get("message_thread_id") or 0)
    if not thread:
        return {}
    if thread not in chat.topics:
        raise bad("message thread not found")
    return {"message_thread_id": thread, "is_topic_message": True}


def send_message(api: BotApi, params: Params, files: Files) -> Json:
    chat = api.store.reachable(params.get("chat_id"))
    content = _text(params, "text", 4096, "message text is empty", "message is too long")
    content |= _topic(chat, params)
    if options := params.get("link_preview_options"):
        content["link_preview_options"] = options
    return api.said(chat, _with_markup(content, params))


def _send_file(api: BotApi, params: Params, files: Files, kind: str) -> Json:
    chat = api.store.reachable(params.get("chat_id"))
    given = str(params.get(kind) or "")
    name, content = files.get(given.removeprefix("attach://") or kind) or files.get(kind) or ("", b"")
    if not content and given in api.store.files:
        name, content = kind, api.store.files[given]
    if not name:
        raise bad(f"there is no {kind} in the request")
    if not content:
        raise bad("file must be non-empty")
    file = api.store.keep_file(content)
    media: Any = {**file, "file_name": name, "mime_type": "application/octet-stream"}
    if kind == "photo":
        media = [{**file, "width": 90, "height": 67}]
    caption = _text(params, "caption", 1024, "", "message caption is too long")
    return api.said(chat, _with_markup({kind: media, **caption, **_topic(chat, params)}, params))


def send_document(api: BotApi, params: Params, files: Files) -> Json:
    return _send_file(api, params, files, "document")


def send_photo(api: BotApi, params: Params, files: Files) -> Json:
    return _send_file(api, params, files, "photo")


def _edit(api: BotApi, params: Params, content: Json) -> Json:
    chat = api.store.reachable(params.get("chat_id"))
    message = api.store.own(chat, params.get("message_id"), "edit")
    fixed = {key: message[key] for key in KEPT if key in message}
    changed = {**fixed, **content}
    if changed == {key: value for key, value in message.items() if key != "edit_date"}:
        raise bad(NOT_MODIFIED.removeprefix("Bad Request: "))
    chat.messages[message["message_id"]] = {**changed, "edit_date": int(api.clock.now())}
    chat.edited += 1
    return chat.messages[message["message_id"]]


def edit_message_text(api: BotApi, params: Params, files: Files) -> Json:
    content = _text(params, "text", 4096, "message text is empty", "message is too long")
    return _edit(api, params, _with_markup(content, params))


def edit_message_reply_markup(api: BotApi, params: Params, files: Files) -> Json:
    chat = api.store.reachable(params.get("chat_id"))
    message = api.store.own(chat, params.get("message_id"), "edit")
    content = {k: v for k, v in message.items() if k not in ("reply_markup", "edit_date")}
    return _edit(api, params, _with_markup(content, params))


def delete_message(api: BotApi, params: Params, files: Files) -> bool:
    chat = api.store.reachable(params.get("chat_id"))
    number = int(params.get("message_id") or 0)
    message = chat.messages.get(number)
    if message is None:
        raise bad("message to delete not found")
    if api.clock.now() - message["date"] > 48 * 3600:
        raise bad("message can't be deleted")
    chat.deleted.add(number)
    del chat.messages[number]
    return True


def send_chat_action(api: BotApi, params: Params, files: Files) -> bool:
    api.store.reachable(params.get("chat_id"))
    if not params.get("action"):
        raise bad("wrong parameter action in request")
    return True


def answer_callback_query(api: BotApi, params: Params, files: Files) -> bool:
    query = api.queries.get(str(params.get("callback_query_id")))
    if query is None or query.answered or api.clock.now() - query.at > QUERY_LIFE:
        raise Refused(400, QUERY_TOO_OLD)
    text = str(params.get("text") or "")
    if len(text) > 200:
        raise bad("MESSAGE_TOO_LONG")
    query.answered, query.told = True, time.monotonic()
    query.text, query.alert, query.url = text, bool(params.get("show_alert")), str(params.get("url") or "")
    api.toasted(query, text)
    return True


def get_chat_member(api: BotApi, params: Params, files: Files) -> Json:
    chat = api.store.reachable(params.get("chat_id"))
    number = int(params.get("user_id") or 0)
    person = {"id": number, "is_bot": False, "first_name": f"Resident {number}"}
    if number not in chat.admins:
        return {"user": person, "status": "member"}
    return {"user": person, "status": "creator", "is_anonymous": False}


METHODS: dict[str, Callable[[BotApi, Params, Files], Any]] = {
    "getme": profile.get_me,
    "sendmessage": send_message,
    "senddocument": send_document,
    "sendphoto": send_photo,
    "editmessagetext": edit_message_text,
    "editmessagereplymarkup": edit_message_reply_markup,
    "deletemessage": delete_message,
    "sendchataction": send_chat_action,
    "answercallbackquery": answer_callback_query,
    "setmycommands": profile.set_my_commands,
    "getmycommands": profile.get_my_commands,
    "setmyname": profile.set_name,
    "getmyname": profile.get_name,
    "setmydescription": profile.set_description,
    "getmydescription": profile.get_description,
    "setmyshortdescription": profile.set_short,
    "getmyshortdescription": profile.get_short,
    "setwebhook": profile.set_webhook,
    "deletewebhook": profile.delete_webhook,
    "getwebhookinfo": profile.get_webhook_info,
    "getchat": profile.get_chat,
    "getchatmember": get_chat_member,
}
