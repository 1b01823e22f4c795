"""Figures for Prometheus: how this process is, and counts of walks, rows and what waits. No opinions, nobody's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Connection

from storage.database import now
from storage.outbox import waiting
from storage.overview import answers_now, corrections_now, on_their_way, walks_now

MEDIA = CONTENT_TYPE_PLAIN_0_0_4
# What a part tells of itself in /v1/health, and what it is called here.
TOLD = {
    ("clock", "jumped_seconds"): ("clock_jumped_seconds", "By how much the clock jumped, while it is not believed."),
    ("leading", "leads"): ("leads", "1 in the one process that polls, releases, pushes and tidies."),
    ("telegram", "queued"): ("telegram_queued", "Replies on their way to Telegram."),
    ("telegram", "parked"): ("telegram_parked", "Updates nobody could read since the start."),
    ("telegram", "last_poll_seconds"): ("telegram_last_poll_seconds", "Since Telegram last answered a poll."),
}


def exposition(parts: Mapping[str, Any], conn: Connection | None) -> bytes:
    """This moment in Prometheus' text format: the parts as /v1/health tells them, and with `conn` the counts."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"stadsdialoog_{name}", help_text, labels, registry=registry)

    ready = gauge("ready", "1 where this part works.", "part")
    for part, state in parts.items():
        ready.labels(part).set(bool(state["ready"] if isinstance(state, Mapping) else state))
    for (part, fact), (name, about) in TOLD.items():
        told = parts.get(part)
        if isinstance(told, Mapping) and told.get(fact) is not None:
            gauge(name, about).set(told[fact])
    if conn is not None:
        _counts(conn, gauge)
    return generate_latest(registry)


def _counts(conn: Connection, gauge: Callable[..., Gauge]) -> None:
    walks = gauge("participants", "People who said count me, by round and status.", "round", "status")
    for (round_code, status), number in walks_now(conn).items():
        walks.labels(round_code, status).set(number)
    rows = gauge("answer_rows", "Rows of answers, revisions included.", "round")
    for round_code, number in answers_now(conn).items():
        rows.labels(round_code).set(number)
    gauge("corrections", "Corrections to our texts that were sent in.").set(corrections_now(conn))
    replies, notices = on_their_way(conn)
    gauge("replies_owed", "People whose reply is not known to have been sent.").set(replies)
    gauge("notices_waiting", "Messages people asked for that were not sent yet.").set(notices)
    outbox = gauge("outbox_waiting", "Events that wait to be delivered.", "target")
    age = gauge("outbox_oldest_seconds", "Age of the oldest event that waits.", "target")
    for target, (number, oldest) in waiting(conn).items():
        outbox.labels(target).set(number)
        age.labels(target).set((now() - oldest).total_seconds())
