"""What Telegram shows of the bot itself: its commands and what it can do, in each language."""

from __future__ import annotations

import logging

from telegram import Bot, BotCommand, BotCommandScopeAllGroupChats
from telegram.error import BadRequest

from content import Content
from content.catalogue import Catalogue

log = logging.getLogger(__name__)

# What may be asked where everybody reads along; the names the introduction uses.
IN_GROUPS = ("dialogue", "privacy")


async def introduce(bot: Bot, content: Content) -> None:
    """Set commands and descriptions where they differ. The source language is also everybody else's.

    Raises TelegramError when Telegram cannot be reached; a language it does not know is passed over.
    """
    source, *_ = content.languages
    for code, language in [("", source), *((language, language) for language in content.languages)]:
        try:
            await _in_language(bot, content, code, language)
        except BadRequest:
            # Telegram takes two-letter codes, and may not know Limburgish among them.
            log.warning("Telegram refused the commands in language %r", code)


async def _in_language(bot: Bot, content: Content, code: str, language: str) -> None:
    commands = tuple(BotCommand(c.shown.get(language, c.name), c.about[language]) for c in content.commands if c.listed)
    if await bot.get_my_commands(language_code=code) != commands:
        await bot.set_my_commands(commands, language_code=code)
    ours = tuple(BotCommand(c.name, c.about[language]) for c in content.commands if c.name in IN_GROUPS)
    everywhere = BotCommandScopeAllGroupChats()
    if await bot.get_my_commands(everywhere, language_code=code) != ours:
        await bot.set_my_commands(ours, everywhere, language_code=code)
    words = content.words(language)
    description, short = _said(words, "bot.description"), _said(words, "bot.short")
    if description and (await bot.get_my_description(code)).description != description:
        await bot.set_my_description(description, code)
    if short and (await bot.get_my_short_description(code)).short_description != short:
        await bot.set_my_short_description(short, code)


def _said(words: Catalogue, key: str) -> str:
    try:
        return words(key)
    except KeyError:
        return ""
