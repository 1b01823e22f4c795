"""Moments, days and numbers as people read them. Kept in UTC, shown in the city's own time."""

from __future__ import annotations

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent

CITY = ZoneInfo("Europe/Amsterdam")
# Of a language of the words: the locale that Babel formats by.
LOCALES = {"nl": "nl_NL", "li": "nl_NL", "en": "en_GB"}


def in_the_city(at: datetime) -> datetime:
    """A moment as the clocks in Maastricht showed it. One without a zone is UTC, as the tables keep it."""
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(CITY)


def moment(at: datetime, language: str) -> str:
    """As in `4 mrt 2026 14:05`, in the city's time."""
    return format_datetime(in_the_city(at), "d MMM y HH:mm", locale=LOCALES[language])


def day(on: date, language: str) -> str:
    """As in `4 mrt 2026`."""
    return format_date(on, "d MMM y", locale=LOCALES[language])


def number(n: float, language: str) -> str:
    """As in `12.345` (Dutch) or `12,345` (English)."""
    return format_decimal(n, locale=LOCALES[language])


def decimal(n: float, language: str, places: int = 2) -> str:
    """As in `0,61` (Dutch) or `0.61` (English), always with so many places, below zero with a minus: `−0,19`."""
    return format_decimal(n, f"0.{'0' * places}", locale=LOCALES[language]).replace("-", "\N{MINUS SIGN}")


def percent(share: float, language: str) -> str:
    """A share from 0 to 1 in whole percents."""
    return format_percent(share, "0 %" if language != "en" else "0%", locale=LOCALES[language])
