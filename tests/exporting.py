"""Exports as a test wants them: the bytes of a file, made in this process."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection, update

from bot.house import House
from bot.printing import pdf
from bot.staff_council import of_round
from storage.database import begin_read
from storage.exports import COUNCIL, asking
from storage.exports.making import make
from storage.keeping import answers


def exported(house: House, table: str, form: str, language: str = "nl", reveal_at: int = 10) -> bytes:
    """The file of a table of the first round."""
    about = (house.engine, house.content, house.keys, "dreams", table, form)
    if asking.is_small(table):
        with house.engine.connect() as conn:
            begin_read(conn)
            if table == COUNCIL:
                html = of_round(conn, house, "dreams", language)
                return html.encode() if form == "html" else pdf(html)
            return asking.small(conn, house.content, "dreams", table, form)
    with TemporaryDirectory(dir=house.settings.data) as folder:
        out = Path(folder) / "out"
        make(asking.job(*about, Path(folder), out, reveal_at, language), Path(folder), lambda done, total: None)
        return out.read_bytes()


def moderated(conn: Connection, state: str = "passed") -> None:
    """A moderator went through all own words."""
    conn.execute(update(answers).where(answers.c.text_state == "waiting").values(text_state=state))
