"""A member of a group's dialogue in their own chat with the bot: the link, the whole question, what is typed."""

from __future__ import annotations

from collections import OrderedDict

from bot.desk import Caller, Reply
from bot.group_member import Told
from bot.groups import CODE, ROOM, Groups
from bot.telegram_group_screen import Screens
from conversations.shapes import Commanded, Heard, Tapped, Typed

MOST = 10_000


class AtTable:
    """Tells what is meant for a group from what is meant for somebody's own dialogue.

    Whoever was asked a group's question last answers that one when they type. This is remembered here only.
    """

    def __init__(self, groups: Groups, screens: Screens) -> None:
        self._groups, self._screens = groups, screens
        self._asked: OrderedDict[str, str] = OrderedDict()

    async def hear(self, caller: Caller, heard: Heard, update: str) -> Reply | None:
        """The reply where this was meant for a group; None where it was not. Raises NotKept."""
        told: Told | None = None
        code = self._asked.get(caller.address, "")
        if isinstance(heard, Tapped) and heard.at.startswith("group."):
            code = heard.tag
            told = await self._groups.tap(caller, heard, update, private=True)
        elif isinstance(heard, Commanded) and heard.name == "start" and _room(heard.payload):
            code = _room(heard.payload)
            told = await self._groups.enter(caller, code, update)
        elif isinstance(heard, Typed) and code:
            told = await self._groups.typed(caller, code, heard.text, update)
        if told is None:
            self._asked.pop(caller.address, None)
            return None
        self._screens.nudge(told.code)
        if told.say and told.say.question:
            self._asked[caller.address] = code
            self._asked.move_to_end(caller.address)
            if len(self._asked) > MOST:
                self._asked.popitem(last=False)
        # What is said stands in the message: a toast beside it would say it twice.
        return Reply((told.say,) if told.say else (), toast="" if told.say else told.alert)


def _room(payload: str) -> str:
    code = payload.strip().removeprefix(ROOM)
    return code if payload.startswith(ROOM) and CODE.fullmatch(code) else ""
