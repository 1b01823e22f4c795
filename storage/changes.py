"""A number that rises with every change to what exports are made of, so that nothing is made twice from the same rows.

On SQLite it stands in `mark` under `changes`; on PostgreSQL, where many write at once and would wait for
one row, it is a sequence. Triggers count, so that nobody who writes can forget to. They are made at
every start: a migration that rebuilds a table on SQLite takes its triggers away.
"""

from __future__ import annotations

from sqlalchemy import Connection

CHANGES = "changes"
WATCHED = {
    **{(table, what): what for table in ("answer", "consent", "release") for what in ("INSERT", "UPDATE", "DELETE")},
    **{("participant", what): what for what in ("INSERT", "DELETE")},
    ("participant", "UPDATE"): "UPDATE OF status, language, finished_at",
}


def watch(connection: Connection) -> None:
    """See to it that changes are counted. The caller holds the schema's lock, and commits."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql(f"INSERT INTO mark (name, value) VALUES ('{CHANGES}', '0') ON CONFLICT DO NOTHING")
        for (table, what), when in WATCHED.items():
            connection.exec_driver_sql(
                f"""CREATE TRIGGER IF NOT EXISTS {table}_{what.lower()}_counts AFTER {when} ON "{table}" BEGIN
                UPDATE mark SET value = CAST(value AS INTEGER) + 1 WHERE name = '{CHANGES}'; END"""
            )
    elif connection.exec_driver_sql(f"SELECT to_regclass('{CHANGES}')").scalar_one() is None:
        connection.exec_driver_sql(f"CREATE SEQUENCE {CHANGES}")
        connection.exec_driver_sql(
            f"""CREATE FUNCTION count_a_change() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM nextval('{CHANGES}'); RETURN NULL; END $$"""
        )
        for (table, what), when in WATCHED.items():
            connection.exec_driver_sql(
                f"""CREATE TRIGGER {table}_{what.lower()}_counts AFTER {when} ON "{table}"
                FOR EACH STATEMENT EXECUTE FUNCTION count_a_change()"""
            )
