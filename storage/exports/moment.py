"""A private copy of what an export needs, as it was at one moment.

The database is read only as long as copying takes: a snapshot that stays open would hold up its
housekeeping. The copy is an SQLite file of mode 600, deleted when the file is made. Contacts are not
read. Own words are copied masked, and only those that a moderator let through.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from storage.exports.about_you import hide
from storage.exports.job import Job

AT_ONCE = 5_000
PERSON = (
    *("id", "round", "status", "language", "channel", "started_at", "finished_at", "content_version", "pace"),
    *("quotable", "left_out"),
)
ANSWER = (
    *("id", "person", "dilemma", "item", "kind", "status", "code", "value", "text", "text_masked", "language"),
    *("method", "score", "channel", "setting", "group", "revision", "current", "answered_at", "content_version"),
    *("argument", "shown_first", "after_results", "text_state"),
)
# A sequence is counted on before the change is committed. So it is read first, then who is still at it, and
# only then the snapshot is taken: whoever counted and is not in the snapshot belongs to the number.
COUNTED_ON_POSTGRESQL = "SELECT last_value FROM changes"
UNDER_WAY_ON_POSTGRESQL = """SELECT coalesce(string_agg(backend_xid::text, ' ' ORDER BY backend_xid::text), '')
    FROM pg_stat_activity WHERE datname = current_database()"""
SHOWN = "('passed', 'masked')"


def take(job: Job, file: Path) -> tuple[str, int]:
    """Copy a round of the database into `file`, an SQLite file that is not there yet.

    Returns how far the database had changed by then (its change counter; empty where it has none),
    and how many people were ever erased from this round.
    """
    file.touch(mode=0o600)
    with closing(sqlite3.connect(file, isolation_level=None, uri=True, timeout=10)) as copy:
        for pragma in ("main.journal_mode=OFF", "main.synchronous=OFF"):
            copy.execute(f"PRAGMA {pragma}")
        taken = _from_sqlite(job, copy) if job.database.startswith("/") else _from_postgresql(job, copy)
        hide(job, copy)
    return taken


def _from_sqlite(job: Job, copy: sqlite3.Connection) -> tuple[str, int]:
    # Not `immutable`, not `ro`: others write meanwhile, and a reader of the log needs its index.
    copy.execute("ATTACH ? AS city", (f"file:{quote(job.database)}?mode=rw",))
    copy.execute("BEGIN")
    values = {"round": job.round, "through": job.through, "until": job.until}
    copy.execute(f"CREATE TABLE person AS {_people(job, 'city.')}", values)
    copy.execute("CREATE UNIQUE INDEX known ON person (id)")
    copy.execute(f"CREATE TABLE answer AS {_answers(job, 'city.', 'person.rowid')}", values)
    copy.execute("DROP INDEX known")
    marks = dict(copy.execute("SELECT name, value FROM city.mark WHERE name IN ('changes', ?)", (f"left:{job.round}",)))
    copy.execute("COMMIT")
    copy.execute("DETACH city")
    return marks.get("changes", ""), int(marks.get(f"left:{job.round}", 0))


def _from_postgresql(job: Job, copy: sqlite3.Connection) -> tuple[str, int]:
    import psycopg

    values = {"round": job.round, "through": job.through}
    with psycopg.connect(job.database, options="-c timezone=UTC") as city:
        counted, under_way = (city.execute(one).fetchone() for one in (COUNTED_ON_POSTGRESQL, UNDER_WAY_ON_POSTGRESQL))
        city.commit()
        city.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        numbers: dict[str, int] = {}
        copy.execute("BEGIN")
        for name, query, columns in (
            ("person", _people(job), PERSON),
            ("answer", _answers(job, "", "person.id"), ANSWER),
        ):
            copy.execute(f"CREATE TABLE {name} ({', '.join(_quoted(one) for one in columns)})")
            write = f"INSERT INTO {name} VALUES ({', '.join('?' * len(columns))})"
            with city.cursor(name=name) as rows:
                rows.itersize = AT_ONCE
                rows.execute(query.replace(":round", "%(round)s").replace(":through", "%(through)s"), values)
                while some := rows.fetchmany(AT_ONCE):
                    copy.executemany(write, _numbered(name, some, numbers))
        copy.execute("COMMIT")
        marks = {f"left:{job.round}": "0"}
        marks |= dict(city.execute("SELECT name, value FROM mark WHERE name = %s", (f"left:{job.round}",)))
    return f"{_only(counted)} {_only(under_way)}", int(marks[f"left:{job.round}"])


def _only(row: Sequence[Any] | None) -> str:
    return str(row[0]) if row else ""


def _numbered(name: str, rows: Sequence[Sequence[Any]], numbers: dict[str, int]) -> Iterator[Sequence[Any]]:
    """Rows of answers with the number of their person in place of the id."""
    for row in rows:
        if name == "person":
            numbers[row[0]] = len(numbers) + 1
            yield row
        else:
            yield (row[0], numbers[row[1]], *row[2:])


# ---------------------------------------------------------------- the queries, the same for both databases


def _people(job: Job, at: str = "") -> str:
    here = set(job.kept["participant"])
    agreed = f"SELECT 1 FROM {at}consent c WHERE c.participant = p.id AND c.purpose = 'quote_me' AND c.yes"
    columns = [
        "id",
        "round",
        "status",
        "language",
        "channel",
        f"{_hour('started_at', at)} AS started_at",
        f"coalesce({_hour('finished_at', at)}, '') AS finished_at",
        "content_version",
        "pace" if "pace" in here else "'' AS pace",
        f"CASE WHEN EXISTS ({agreed}) THEN 1 ELSE 0 END AS quotable",
        f"CASE WHEN {_left_out(job)} THEN 1 ELSE 0 END AS left_out" if "left_out" in here else "0 AS left_out",
    ]
    answered = f"EXISTS (SELECT 1 FROM {at}answer a WHERE a.participant = p.id AND a.round = :round"
    # Who came after the release that a bundle is about is not in it.
    so_far = f"a.id <= :through{' AND a.answered_at <= :until' if at else ''}"
    here_too = f"{answered} AND {so_far})" if job.through else f"(p.round = :round OR {answered}))"
    if job.through:
        # Nor is who stood apart then and came back since.
        here_too += f" AND NOT {_marked('p', job.stood_apart)}"
    return f"SELECT {', '.join(columns)} FROM {at}participant p WHERE {here_too}"


def _left_out(job: Job) -> str:
    """Whether somebody is left out now or, in a bundle, whether they were in the release that it is about."""
    return _marked("p", job.left_out) if job.through else "p.left_out"


def _marked(person: str, mark: str) -> str:
    return f"(replace({person}.uncounted, '{mark}', '') <> {person}.uncounted)"


def _answers(job: Job, at: str, person: str) -> str:
    masked = "masked" if "masked" in job.kept["answer"] else "text"
    shown = f"CASE WHEN text_state IN {SHOWN} THEN {masked} ELSE '' END"
    changed = f"CASE WHEN text_state IN {SHOWN} AND {masked} <> text THEN 1 ELSE 0 END"
    so_far = f"{{0}}.id <= :through{' AND {0}.answered_at <= :until' if at else ''}"
    same = " AND ".join(f"b.{one} = a.{one}" for one in ("participant", "round", "dilemma", "item", "argument"))
    later = f"SELECT 1 FROM {at}answer b WHERE {same} AND b.revision > a.revision AND {so_far.format('b')}"
    alive = f"a.current OR NOT EXISTS ({later})" if job.through else "a.current"
    computed = {
        "person": person,
        "value": "coalesce(CAST(a.value AS text), '')",
        "text": shown,
        "text_masked": changed,
        "current": f"CASE WHEN {alive} THEN 1 ELSE 0 END",
        "answered_at": _hour("a.answered_at", at),
        "after_results": "CASE WHEN a.after_results THEN 1 ELSE 0 END",
    }
    columns = [f"{computed.get(one, f'a.{_quoted(one)}')} AS {_quoted(one)}" for one in ANSWER]
    # A row of a refused text never leaves.
    where = "a.round = :round AND a.text_state <> 'refused'" + (f" AND {so_far.format('a')}" if job.through else "")
    joined = f"{at}answer a JOIN person ON person.id = a.participant"
    if not at:
        joined = "answer a JOIN participant person ON person.id = a.participant"
        where += f" AND NOT {_marked('person', job.stood_apart)}" if job.through else ""
    return f"SELECT {', '.join(columns)} FROM {joined} WHERE {where}"


def _quoted(name: str) -> str:
    return f'"{name}"'


def _hour(column: str, at: str) -> str:
    """UTC in ISO 8601, rounded down to the hour: finer would help to recognise a person."""
    if at:
        return f"substr({column}, 1, 10) || 'T' || substr({column}, 12, 2) || ':00:00Z'"
    return f"""to_char({column}, 'YYYY-MM-DD"T"HH24":00:00Z"')"""
