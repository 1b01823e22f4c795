"""Errors of the export API as problem details (RFC 9457): each says what to do."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from http import HTTPStatus

from aiohttp import web
from aiohttp.typedefs import Handler

from storage.worker import NotKept

log = logging.getLogger(__name__)

MEDIA = "application/problem+json"
HELP = "GET /v1/openapi describes every path."


class Problem(Exception):
    """What is wrong with a request: the HTTP status, and one sentence that says what to do."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.headers = status, detail, headers or {}

    def response(self) -> web.Response:
        body = {
            "type": "about:blank",
            "title": self.status.phrase,
            "status": self.status.value,
            "detail": self.detail,
        }
        text = json.dumps(body, ensure_ascii=False)
        return web.Response(status=self.status, text=text, content_type=MEDIA, headers=self.headers)


@web.middleware
async def as_problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Whatever goes wrong leaves as a problem, also on paths and methods that do not exist."""
    try:
        return await handler(request)
    except Problem as problem:
        return problem.response()
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        detail = f"This path understands {allowed}. {HELP}"
        return Problem(HTTPStatus.METHOD_NOT_ALLOWED, detail, {"Allow": allowed}).response()
    except web.HTTPNotFound:
        return Problem(HTTPStatus.NOT_FOUND, f"There is nothing at this path. {HELP}").response()
    except web.HTTPRedirection:
        raise
    except web.HTTPException as error:
        return Problem(HTTPStatus(error.status), f"{error.reason}. {HELP}").response()
    except NotKept:
        detail = "The database keeps nothing at this moment, so nothing is handed out. Try again later."
        return Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"}).response()
    except Exception as error:
        # The type only: a database's error may hold what somebody wrote.
        log.error("%s on %s", type(error).__name__, request.match_info.route.resource)
        detail = "Something went wrong here. Try again; if it stays, look at /v1/health and the log."
        return Problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail).response()
