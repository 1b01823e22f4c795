"""Another secret in the place of the one in use: what was kept under the old one, and cannot be derived anew.

What hangs on the secret and is known is derived anew at once: where people can be reached. A browser's key
is kept as a hash only, so who came by the web is found under the old key when they come back, and stands
under the new one from then on. Pseudonyms and names of rows in exports change; nothing that was answered does.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, Table, select, update

from storage import keeping, staff_keys
from storage.audit import Actor, note
from storage.database import DatabaseFault
from storage.keeping import Person, contacts, marks
from storage.keys import Keys
from storage.tables import GroupRow

sessions: Table = GroupRow.__table__  # type: ignore[attr-defined]
KEY = "key"


def rotate(conn: Connection, keys: Keys, actor: Actor, now: datetime) -> int:
    """From now on this database belongs to the new key; how many addresses were hashed anew.

    Keys of staff open nothing any more, since only hashes of them are kept. Raises DatabaseFault where
    members of a group's talk would not be known again.
    """
    if conn.execute(select(sessions.c.code).where(sessions.c.key != "").limit(1)).first():
        raise DatabaseFault("a dialogue in a group is going on: wait until it is over, a day at most")
    done = rekey(conn, keys)
    for one in staff_keys.listed(conn):
        staff_keys.remove(conn, one.name, actor, now)
    note(conn, actor, "rotate_key", "the secret", at=now)
    return done


def rekey(conn: Connection, keys: Keys) -> int:
    """Hash anew every address that is known; how many that were. A second time it changes nothing."""
    conn.execute(update(marks).where(marks.c.name == KEY).values(value=keys.fingerprint()))
    if not keys.earlier:
        return 0
    known = select(contacts.c.participant, contacts.c.channel, contacts.c.address).where(contacts.c.address != "")
    rows = conn.execute(known).all()
    for row in rows:
        _put(conn, keys, row.participant, keys.address(row.channel, row.address))
    return len(rows)


def belongs_to(conn: Connection) -> str:
    """The fingerprint of the key this database was last used with; empty for a new one."""
    return conn.execute(select(marks.c.value).where(marks.c.name == KEY)).scalar_one_or_none() or ""


def find(conn: Connection, keys: Keys, channel: str, address: str) -> Person | None:
    """Somebody who is kept under an earlier key: from now on under this one."""
    for old in keys.earlier:
        if person := keeping.find(conn, old.address(channel, address)):
            _put(conn, keys, person.id, keys.address(channel, address))
            return person
    return None


def resume(conn: Connection, keys: Keys, code: str, address_hash: str) -> Person | None:
    """Somebody whose resume code was made with an earlier key, on a new device."""
    for old in keys.earlier:
        if person := keeping.move_contact(conn, old.resume_hash(code), address_hash):
            _put(conn, keys, person.id, address_hash)
            return person
    return None


def _put(conn: Connection, keys: Keys, participant: str, address_hash: str) -> None:
    values = {"address_hash": address_hash, "resume_hash": keys.resume_hash(keys.resume_code(participant))}
    conn.execute(update(contacts).where(contacts.c.participant == participant).values(**values))
