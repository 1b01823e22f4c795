"""`serve`: every channel, the staff desk and the push in one process, ending cleanly on a signal."""

from __future__ import annotations

import asyncio
import errno
import logging
import signal
import sys
from collections.abc import Callable
from typing import Any

from aiohttp import web

from bot import staff, webchat
from bot.house import House, staff_token
from bot.push import Push
from bot.telegram import Telegram
from storage.database import DatabaseFault, now
from storage.keeping import forget_updates

log = logging.getLogger(__name__)
STOP_SECONDS = 4.0
TIDY_SECONDS = 6 * 3600


async def run(house: House) -> None:
    """Serve until SIGINT or SIGTERM; then stop taking in, finish what was begun, and leave within 5 seconds."""
    settings = house.settings
    stop = asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(name, stop.set)
    house.worker.start()
    desk = house.desk()
    telegram = (
        Telegram(settings.telegram_token, settings.telegram_api, desk, house.content)
        if settings.telegram_token
        else None
    )
    key, key_file = staff_token(settings)
    health = _health(house, telegram)
    runners = [
        await _listen(
            webchat.app(desk, house.content, settings.public_web, settings.public_web.startswith("https:")),
            settings.web,
            "WEB",
        ),
        await _listen(
            staff.app(house.engine, house.worker, house.content, house.keys, key, health), settings.staff, "STAFF"
        ),
    ]
    jobs = [Push(house.worker, house.content, settings).run(), _tidy(house)]
    jobs += [telegram.run()] if telegram else []
    tasks = [asyncio.create_task(job) for job in jobs]
    _tell(house, key, key_file)
    await stop.wait()
    await _leave(tasks, runners, house)


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


def _health(house: House, telegram: Telegram | None) -> Callable[[], dict[str, Any]]:
    def state() -> dict[str, Any]:
        found: dict[str, Any] = {"database": house.worker.healthy}
        if telegram:
            found["telegram"] = telegram.health()
        return found

    return state


async def _tidy(house: House) -> None:
    while True:
        await house.worker.run(lambda conn: forget_updates(conn, now()))
        await asyncio.sleep(TIDY_SECONDS)


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
