"""Who is signed in at the desk: a signed cookie that names a key, and a token that shows that a form is ours."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web
from sqlalchemy import Connection

from storage.keys import Keys
from storage.staff_keys import Holder, Staff

COOKIE = "stadsdialoog_desk"
# A working day: whoever comes back the next morning signs in again.
SECONDS = 10 * 3600


@dataclass(frozen=True)
class Session:
    """One sign-in: the key's hash, when (seconds since 1970), and a number of its own."""

    code: str
    since: int
    number: str


class Sessions:
    """Signs and reads the cookie. A key that was removed opens nothing, whatever the cookie says."""

    def __init__(self, keys: Keys, staff: Staff) -> None:
        self._sign, self._form, self._staff = keys.derive("desk session"), keys.derive("desk form"), staff

    def begin(self, response: web.Response, code: str, secure: bool) -> None:
        """Sign in with the key that has this hash. `secure`: the browser came over TLS."""
        told = [code, int(time.time()), secrets.token_hex(8)]
        body = base64.urlsafe_b64encode(json.dumps(told).encode()).decode().rstrip("=")
        value = f"{body}.{self._signature(body)}"
        response.set_cookie(COOKIE, value, max_age=SECONDS, path="/", secure=secure, httponly=True, samesite="Strict")

    def end(self, response: web.Response) -> None:
        """Sign out in this browser."""
        response.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict")

    def read(self, request: web.Request) -> Session | None:
        """The session of this request, if its cookie is ours and not too old."""
        body, _, signature = request.cookies.get(COOKIE, "").partition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(body).encode()):
            return None
        session = Session(*json.loads(base64.urlsafe_b64decode(body + "==")))
        return session if 0 <= time.time() - session.since < SECONDS else None

    def holder(self, conn: Connection, session: Session) -> Holder | None:
        """Who is signed in; None once the key was removed or changed."""
        return self._staff.by_code(conn, session.code)

    def token(self, session: Session) -> str:
        """What a form of this session carries, and another site cannot know."""
        return hmac.digest(self._form, session.number.encode(), "sha256").hex()

    def right_token(self, session: Session, given: str) -> bool:
        """Whether a form that came in is one of this session's."""
        return hmac.compare_digest(given.encode("utf8", "replace"), self.token(session).encode())

    def _signature(self, body: str) -> str:
        return hmac.digest(self._sign, body.encode("utf8", "replace"), "sha256").hex()
