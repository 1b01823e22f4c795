"""Logs say what happened, never to whom or in which words; and no secret gets into them."""

from __future__ import annotations

import logging
import re

TOKEN = re.compile(r"\b(?:bot)?\d{6,}:[\w-]{20,}")


class Redact(logging.Filter):
    """Takes secrets out of a finished line, whoever wrote it."""

    def __init__(self, *secrets: str) -> None:
        super().__init__()
        self._secrets = [s for s in secrets if s]

    def filter(self, record: logging.LogRecord) -> bool:
        line = TOKEN.sub("[token]", record.getMessage())
        for secret in self._secrets:
            line = line.replace(secret, "[secret]")
        record.msg, record.args = line, None
        return True


class _Formatter(logging.Formatter):
    """Tracebacks pass the same redaction as lines."""

    def formatException(self, ei):  # type: ignore[no-untyped-def]
        return TOKEN.sub("[token]", super().formatException(ei))


def configure(*secrets: str) -> None:
    """Log to stderr from INFO up; libraries that log addresses or bodies from WARNING up."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(Redact(*secrets))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # httpx logs every address at INFO, and Telegram's holds the token; alembic tells each start twice.
    for name in ("httpx", "httpcore", "telegram", "alembic", "aiohttp.access"):
        logging.getLogger(name).setLevel(logging.WARNING)
