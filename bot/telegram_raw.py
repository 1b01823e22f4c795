"""python-telegram-bot's Bot, and beside it the few calls every turn makes, without what they do not need."""

from __future__ import annotations

from typing import Any

from telegram import Bot, InlineKeyboardMarkup
from telegram.error import BadRequest

from bot.telegram_reading import WANTED
from bot.telegram_request import AiohttpRequest

MARGIN_SECONDS = 10.0
NO_PREVIEW = {"link_preview_options": {"is_disabled": True}}
# Words of a 400 about a topic of a forum.
TOPIC_GONE = ("thread not found", "topic_closed", "topic_deleted", "topic_id_invalid")
# What every message has.
SENT = ("message_id", "date", "chat")
# Rows of buttons, as the Bot API writes them.
Keyboard = list[list[dict[str, str]]]


class RawBot(Bot):
    """Hands updates over unread, so that one broken one spoils no batch, and sends texts as they are.

    The library makes an object of each button and of what comes back, which costs more than all the rest.
    """

    def __init__(self, token: str, api: str, request: AiohttpRequest, polling: AiohttpRequest | None = None) -> None:
        """`api` is the Bot API's address without `/bot<token>`."""
        base = api.rstrip("/")
        super().__init__(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=request,
            get_updates_request=polling or AiohttpRequest(1),
        )
        self._call = request.call

    async def _post(self, endpoint: str, data: dict[str, Any] | None = None, **more: Any) -> Any:
        result = await super()._post(endpoint, data, **more)
        return {name: result[name] for name in SENT} if isinstance(result, dict) and "message_id" in result else result

    async def raw_updates(self, offset: int, limit: int, wait: int) -> list[Any]:
        """At most `limit` updates from `offset` on, after at most `wait` seconds."""
        asked = {"offset": offset or None, "limit": limit, "timeout": wait, "allowed_updates": WANTED}
        updates = await self._post("getUpdates", asked, read_timeout=wait + MARGIN_SECONDS)
        return updates if isinstance(updates, list) else []

    async def say(self, chat: str, html: str, keyboard: Keyboard | None) -> None:
        """Send a text. Raises TelegramError."""
        message: dict[str, Any] = {"chat_id": chat, "text": html, "parse_mode": "HTML", **NO_PREVIEW}
        if keyboard:
            message["reply_markup"] = {"inline_keyboard": keyboard}
        await self._call(f"{self.base_url}/sendMessage", message)

    async def post(self, chat: str, thread: int, html: str, keyboard: Keyboard) -> int:
        """Send a text to a group, in a topic of it (0: none); the message's number. Raises TelegramError."""
        message: dict[str, Any] = {"chat_id": chat, "text": html, "parse_mode": "HTML", **NO_PREVIEW}
        if keyboard:
            message["reply_markup"] = {"inline_keyboard": keyboard}
        if thread:
            message["message_thread_id"] = thread
        try:
            sent = await self._call(f"{self.base_url}/sendMessage", message)
        except BadRequest as error:
            if not thread or not any(word in error.message.lower() for word in TOPIC_GONE):
                raise
            # The topic was closed or deleted: where everybody is.
            return await self.post(chat, 0, html, keyboard)
        return int(sent["message_id"])

    async def picture(self, chat: str, thread: int, png: bytes, html: str, keyboard: Keyboard) -> int:
        """Send a picture with a caption to a group, as `post` does. Raises TelegramError."""
        under = InlineKeyboardMarkup.de_json({"inline_keyboard": keyboard}, None) if keyboard else None
        try:
            sent: Any = await self.send_photo(
                chat, png, html or None, parse_mode="HTML", reply_markup=under, message_thread_id=thread or None
            )
        except BadRequest as error:
            if not thread or not any(word in error.message.lower() for word in TOPIC_GONE):
                raise
            return await self.picture(chat, 0, png, html, keyboard)
        return int(sent.message_id)

    async def edit(self, chat: str, message: str, html: str, keyboard: Keyboard) -> bool:
        """Change a text; False where the message is not there any more. Raises TelegramError."""
        changed: dict[str, Any] = {"chat_id": chat, "message_id": int(message), "text": html, "parse_mode": "HTML"}
        changed |= NO_PREVIEW
        if keyboard:
            changed["reply_markup"] = {"inline_keyboard": keyboard}
        try:
            await self._call(f"{self.base_url}/editMessageText", changed)
        except BadRequest as error:
            words = error.message.lower()
            if "not modified" in words:
                return True
            if "message to edit not found" in words or "can't be edited" in words:
                return False
            raise
        return True

    async def answer(self, query: str, toast: str, alert: bool = False, url: str = "") -> None:
        """Answer a press, with a remark or (empty) without; as an `alert` it stays until it was read.

        `url` opens a private chat. Raises TelegramError.
        """
        press: dict[str, Any] = {"callback_query_id": query, **({"text": toast} if toast else {})}
        press |= {"show_alert": True} if alert and toast else {}
        press |= {"url": url} if url else {}
        await self._call(f"{self.base_url}/answerCallbackQuery", press)
