"""Groups on PostgreSQL: several processes at one group, and a running session that moves with its database."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from bot.groups import Groups
from bot.house import House
from storage import groups as kept
from storage.database import migrate, open_engine
from storage.moving import move
from storage.worker import Worker
from tests.databases import ONLY_POSTGRESQL
from tests.test_group_keeping import CHOSEN, begun, choose, groups, join, member, scene

__all__ = ["groups"]

pytestmark = ONLY_POSTGRESQL


async def test_move_takes_a_running_session_along(house: House, groups: Groups, tmp_path: Path) -> None:
    code = await begun(groups)
    await choose(groups, code, member(0), "a")
    target = open_engine(f"sqlite:///{tmp_path}/moved.db")
    migrate(target)
    move(house.engine, target, lambda *_: None)
    with target.connect() as conn:
        there = kept.find(conn, code)
    target.dispose()
    with house.engine.connect() as conn:
        assert there == kept.find(conn, code)


async def test_two_processes_on_one_group_count_every_tap(house: House) -> None:
    other = replace(house, worker=Worker(house.engine))
    other.worker.start()
    one, two = house.groups(), other.groups()
    code = await begun(one, 0)
    await asyncio.gather(*(join((one, two)[n % 2], code, member(n)) for n in range(40)))
    await asyncio.gather(*(choose((one, two)[n % 2], code, member(n), CHOSEN[n % 4]) for n in range(40)))
    session = (await scene(two, code)).session
    assert session.views["growth.before"].counts == {"a": 20, "between": 10, "b": 10}
    await other.worker.stop()
