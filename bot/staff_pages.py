"""What every page of the desk shares: who is signed in, in which language, what may be seen, and how it looks."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from aiohttp import web

from bot.pages import page
from bot.staff_access import HOLDER
from bot.staff_log import Log
from bot.staff_roles import NAVIGATION, PAGES, may
from bot.staff_session import Session, Sessions
from content import Content, formats
from content.catalogue import Catalogue
from content.staff_words import staff_words

SESSION = web.RequestKey("session", Session)
LANGUAGE_COOKIE = "stadsdialoog_desk_language"
LANGUAGE_SECONDS = 400 * 24 * 3600
POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "img-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)


class PageFault(Exception):
    """A page that cannot be shown: the HTTP status, and the key of the sentence that says what to do."""

    def __init__(self, status: HTTPStatus, key: str, **values: object) -> None:
        super().__init__(key)
        self.status, self.key, self.values = status, key, values


@dataclass(frozen=True)
class Link:
    """One line of the menu."""

    href: str
    words: str
    here: bool


class Pages:
    """Renders the desk's pages. `simulated`: the residents are made up, and every page says so."""

    def __init__(self, content: Content, sessions: Sessions, simulated: bool) -> None:
        self.content, self.sessions, self._simulated = content, sessions, simulated
        self.words = staff_words()

    def language(self, request: web.Request) -> str:
        """The language asked for in the address, else chosen earlier, else the browser's, else Dutch."""
        for wanted in (request.query.get("language"), request.cookies.get(LANGUAGE_COOKIE)):
            if wanted in self.words:
                return str(wanted)
        for tag in request.headers.get("Accept-Language", "").split(","):
            if (code := tag.partition(";")[0].partition("-")[0].strip().lower()) in self.words:
                return code
        return next(iter(self.words))

    def titles(self, request: web.Request) -> dict[str, str]:
        """What each round is called, in the language of the page."""
        language = self.language(request)
        return {code: one.title[language] for code, one in self.content.rounds.items()}

    def log(self, request: web.Request) -> Log:
        """Says lines of the audit log in the language of the page."""
        return Log(self.words[self.language(request)], self.titles(request))

    def html(self, request: web.Request, template: str, status: int = HTTPStatus.OK, **values: object) -> web.Response:
        """The template filled in, with what every page has: see bot/pages/desk/base.html."""
        language = self.language(request)
        shown = page(f"desk/{template}", **{**self._frame(request, language), **values})
        response = web.Response(text=shown, content_type="text/html", status=status)
        response.headers["Content-Security-Policy"] = POLICY
        # With none at all a browser would not say which page a form comes from.
        response.headers["Referrer-Policy"] = "same-origin"
        if request.query.get("language") == language:
            response.set_cookie(
                LANGUAGE_COOKIE, language, max_age=LANGUAGE_SECONDS, path="/", httponly=True, samesite="Strict"
            )
        return response

    def fault(self, request: web.Request, fault: PageFault) -> web.Response:
        """The page that says what went wrong and what to do."""
        words = self.words[self.language(request)]
        told = words(f"fault.{fault.key}", **{name: _named(value, words) for name, value in fault.values.items()})
        return self.html(request, "fault.html", fault.status, told=told)

    def _frame(self, request: web.Request, language: str) -> dict[str, Any]:
        words, holder, session = self.words[language], request.get(HOLDER), request.get(SESSION)
        return {
            "t": words,
            "lang": language,
            "languages": [(code, f"?{urlencode({**request.query, 'language': code})}") for code in self.words],
            "holder": holder,
            "menu": self._menu(request, words) if holder else [],
            "token": self.sessions.token(session) if session else "",
            "simulated": self._simulated,
            "said": _said(request, words),
            "moment": lambda at: formats.moment(at, language),
            "iso": lambda at: formats.in_the_city(at).isoformat(timespec="seconds"),
            "day": lambda on: formats.day(on, language),
            "number": lambda n: formats.number(n, language),
            "percent": lambda share: formats.percent(share, language),
            "label": lambda text: text.by.get(language) or text.by["nl"],
        }

    def _menu(self, request: web.Request, words: Catalogue) -> list[Link]:
        role = request[HOLDER].role
        return [
            Link(
                path,
                words(f"menu.{name}"),
                request.path == path or (path != "/" and request.path.startswith(f"{path}/")),
            )
            for name, path in NAVIGATION.items()
            if path == "/" or may(role, PAGES[path])
        ]


def back(path: str, said: str = "", **values: str | int) -> web.HTTPSeeOther:
    """After a form: go to this page, which then says what was done (a key under `said.` in the catalogues)."""
    query = {"said": said, **{name: str(value) for name, value in values.items()}} if said else {}
    return web.HTTPSeeOther(path + (f"?{urlencode(query)}" if query else ""))


def _named(value: object, words: Catalogue) -> object:
    """Roles by their names; anything else as it is."""
    if not isinstance(value, tuple):
        return value
    return f" {words('or')} ".join(words(f"role.{one}") for one in value)


def _said(request: web.Request, words: Catalogue) -> str:
    key = f"said.{request.query.get('said', '')}"
    if key not in words.messages:
        return ""
    # What stands in the address is not ours: whole numbers only.
    given = {name: value for name, value in request.query.items() if value.isdecimal() and len(value) < 10}
    try:
        return words(key, **given)
    except KeyError:
        return ""
