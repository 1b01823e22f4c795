"""Counts for Prometheus: walks, rows, and what waits to be delivered. No opinions, and nobody's name."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from sqlalchemy import Connection

from storage.database import now
from storage.outbox import waiting
from storage.overview import answers_now, corrections_now, walks_now

MEDIA = CONTENT_TYPE_PLAIN_0_0_4


def exposition(conn: Connection) -> bytes:
    """The counts of this moment in Prometheus' text format."""
    registry = CollectorRegistry()

    def gauge(name: str, help_text: str, *labels: str) -> Gauge:
        return Gauge(f"stadsdialoog_{name}", help_text, labels, registry=registry)

    walks = gauge("participants", "People who said count me, by round and status.", "round", "status")
    for (round_code, status), number in walks_now(conn).items():
        walks.labels(round_code, status).set(number)
    rows = gauge("answer_rows", "Rows of answers, revisions included.", "round")
    for round_code, number in answers_now(conn).items():
        rows.labels(round_code).set(number)
    gauge("corrections", "Corrections to our texts that were sent in.").set(corrections_now(conn))
    outbox = gauge("outbox_waiting", "Events that wait to be delivered.", "target")
    age = gauge("outbox_oldest_seconds", "Age of the oldest event that waits.", "target")
    for target, (number, oldest) in waiting(conn).items():
        outbox.labels(target).set(number)
        age.labels(target).set((now() - oldest).total_seconds())
    return generate_latest(registry)
