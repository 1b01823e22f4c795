"""`serve`: every channel, the staff desk and the push in one process, ending cleanly on a signal."""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from functools import partial
from typing import Any

from aiohttp import web

from bot import staff, webchat
from bot.clock import Clock
from bot.desk import Desk
from bot.group_time import GroupTime
from bot.groups import Groups
from bot.house import House, staff_token
from bot.push import Push
from bot.telegram import Telegram
from bot.telegram_webhook import Webhook
from bot.tidying import Tidying
from bot.webchat_networks import Networks
from bot.webchat_room import Rooms
from content import Content
from conversations.lexicon import lexicon
from conversations.shapes import City, Progress
from conversations.spelling import phrase_fold, phrase_words
from conversations.steps import ask
from conversations.walk import behind, walk
from storage.database import DatabaseFault
from storage.locks import Leader

log = logging.getLogger(__name__)
STOP_SECONDS = 4.0
# A few milliseconds of work, and time for everybody else.
AT_ONCE, GATHER_SECONDS, GATHER_TURN = 100, 0.25, 0.0005
SAFE_REVEAL_AT = 10


async def run(house: House) -> None:
    """Serve until SIGINT or SIGTERM; then stop taking in, finish what was begun, and leave within 5 seconds."""
    settings = house.settings
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    house.worker.start()
    desk, leader, clock = house.desk(), Leader(house.engine), Clock()
    tidying = Tidying(house, lambda: clock.steady)
    groups = house.groups()
    telegram = _telegram(house, desk, groups)
    secure, networks = settings.public_web.startswith("https:"), Networks(settings.web_proxy)
    web_chat = webchat.app(desk, house.content, settings.public_web, secure, networks)
    Rooms(groups, house.content, settings.public_web, networks).join(web_chat)
    key, key_file = staff_token(settings)
    health = _health(house, telegram, leader, clock)
    desk_of_staff = staff.app(house, key, health)
    # What one process does for all; and what each does.
    duties: list[Callable[[], Awaitable[None]]] = [
        Push(house.worker, house.content, settings).run,
        tidying.run,
        GroupTime(groups).run,
    ]
    jobs: list[Callable[[], Coroutine[Any, Any, None]]] = [clock.run, tidying.follow, partial(_gather, house.content)]
    if isinstance(telegram, Webhook):
        telegram.join(web_chat)
        duties.append(telegram.lead)
        jobs.append(telegram.run)
    elif telegram:
        duties.append(telegram.run)
    if telegram:
        duties += [telegram.notify, telegram.show_groups]
    runners = [await _listen(web_chat, settings.web, "WEB"), await _listen(desk_of_staff, settings.staff, "STAFF")]
    jobs.append(partial(leader.lead, *duties))
    tasks = [asyncio.create_task(job()) for job in jobs]
    _warn(house)
    _tell(house, key, key_file)
    _set_apart()
    await stop.wait()
    await _leave(tasks, runners, house)


def _telegram(house: House, desk: Desk, groups: Groups) -> Telegram | None:
    settings = house.settings
    if not settings.telegram_token:
        return None
    if not settings.telegram_webhook:
        return Telegram(settings.telegram_token, settings.telegram_api, desk, house.content, groups=groups)
    secret = house.keys.derive("telegram webhook").hex()
    where = settings.telegram_token, settings.telegram_api
    return Webhook(*where, desk, house.content, settings.telegram_webhook, secret, groups=groups)


async def _gather(content: Content) -> None:
    """Gather the words of each question little by little: who is the first to type waits for none of it."""
    # Threads take turns: who answers somebody meanwhile waits for this one in shorter ones.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(GATHER_TURN)
    try:
        for code in content.rounds:
            progress = Progress(code, "telegram", content.languages[0], 0, counted=True)
            chains = behind(progress, content).values()
            for at in (*walk(progress, content), *(at for chain in chains for at in chain)):
                question = ask(replace(progress, at=at), content, City())
                phrases = [phrase for option in question.options for phrase in (*option.heard, *option.refuse)]
                for begin in range(0, len(phrases), AT_ONCE):
                    await asyncio.sleep(GATHER_SECONDS)
                    for phrase in phrases[begin : begin + AT_ONCE]:
                        phrase_fold("".join(phrase_words(phrase)))
                await asyncio.to_thread(lexicon, question, content)
                _set_apart()
    finally:
        sys.setswitchinterval(usual)


def _set_apart() -> None:
    """Let the collector of cycles pass by what stays: looking through all words of all questions took 0.3 s each time,
    in which nobody was answered.
    """
    gc.freeze()


async def _listen(app: web.Application, where: str, setting: str) -> web.AppRunner:
    host, _, port = where.rpartition(":")
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, host.strip("[]"), int(port)).start()
    except OSError as error:
        taken = "is already taken" if error.errno == errno.EADDRINUSE else f"cannot be opened ({error.strerror})"
        raise DatabaseFault(f"STADSDIALOOG_{setting}: {where} {taken}") from None
    return runner


def _health(house: House, telegram: Telegram | None, leader: Leader, clock: Clock) -> Callable[[], dict[str, Any]]:
    def state() -> dict[str, Any]:
        found: dict[str, Any] = {"database": house.worker.healthy, "clock": clock.health()}
        found["leading"] = {"ready": True, "leads": leader.held}
        if isinstance(telegram, Webhook) or (telegram and leader.held):
            found["telegram"] = telegram.health()
        elif telegram:
            found["telegram"] = {"ready": True, "polled_by": "another process"}
        return found

    return state


def _warn(house: House) -> None:
    settings = house.settings
    if settings.reveal_at < SAFE_REVEAL_AT:
        log.warning("STADSDIALOOG_REVEAL_AT: under %d, small groups can be recognised", SAFE_REVEAL_AT)
    if settings.telegram_token and not settings.web_address:
        log.warning("STADSDIALOOG_WEB_ADDRESS: is not set; Telegram shows residents %s", settings.public_web)


def _tell(house: House, key: str, key_file: object) -> None:
    settings = house.settings
    print(f"web chat    {settings.public_web}")
    print(f"staff desk  http://{settings.staff}/")
    print(f"summaries   {settings.drop_folder}")
    if not settings.telegram_token:
        print("Telegram    off (set STADSDIALOOG_TELEGRAM_TOKEN)")
    # A key in a log file is a key given away.
    if key_file and sys.stdout.isatty():
        print(f"staff key   {key}")
    elif key_file:
        print(f"staff key   in {key_file}")
    sys.stdout.flush()


async def _leave(tasks: list[asyncio.Task[None]], runners: list[web.AppRunner], house: House) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=STOP_SECONDS)
    await asyncio.gather(*(runner.cleanup() for runner in runners))
    await house.worker.stop()
    house.engine.dispose()
