"""Which role may do what on the staff port: one table. A path that is not in it is for nobody."""

from __future__ import annotations

from typing import Literal

from storage.staff_keys import ROLES, Role

Right = Literal["releases", "rows", "deliveries", "originals", "texts", "house"]

# A right, and the roles that have it. `house` is keys, rounds and erasure; `originals` are own words as
# they were written, which a keeper does not need; `texts` is what residents say about our own texts.
HOLDERS: dict[Right, tuple[Role, ...]] = {
    "releases": ROLES,
    "rows": ("analyst", "keeper"),
    "deliveries": ("analyst", "keeper"),
    "originals": ("moderator",),
    "texts": ("moderator", "keeper"),
    "house": ("keeper",),
}
# Paths of the API, and the right each asks for.
NEEDS: dict[str, Right] = {
    "/v1/metrics": "releases",
    "/v1/openapi": "releases",
    "/v1/rounds": "releases",
    "/v1/rounds/{round}/answers": "rows",
    "/v1/rounds/{round}/participants": "rows",
    "/v1/rounds/{round}/codebook": "releases",
    "/v1/rounds/{round}/summary": "releases",
    "/v1/rounds/{round}/bundle": "rows",
    "/v1/rounds/{round}/council": "releases",
}
NO_KEY = ("/v1/health",)
# Asked for every few seconds by machines, and about nobody.
NOT_LOGGED = ("/v1/metrics", "/v1/openapi")
# Pages of the desk: the same.
PAGES: dict[str, Right] = {
    "/": "releases",
    "/sign-out": "releases",
    "/moderation": "originals",
    "/moderation/apart": "originals",
    "/moderation/decide": "originals",
    "/moderation/decided": "originals",
    "/moderation/doubt": "originals",
    "/moderation/original": "originals",
    "/moderation/undo": "originals",
    "/corrections": "texts",
    "/corrections/done": "texts",
    "/keys": "house",
    "/keys/add": "house",
    "/keys/remove": "house",
    "/bursts": "house",
    "/bursts/decide": "house",
    "/audit": "house",
    "/rounds/{round}": "releases",
    "/rounds/{round}/results": "releases",
    "/rounds/{round}/results/{dilemma}": "releases",
    "/rounds/{round}/releases": "releases",
    "/rounds/{round}/state": "house",
    # What may be downloaded, and whose downloads are shown, the pages themselves see to.
    "/rounds/{round}/downloads": "releases",
    "/health": "releases",
    "/preview": "texts",
    "/preview/begin": "texts",
    "/preview/say": "texts",
    "/preview/end": "texts",
    "/downloads": "releases",
    "/downloads/file": "releases",
    "/deliveries": "deliveries",
    "/deliveries/again": "deliveries",
}
# Pages that anybody may see.
OPEN = ("/sign-in", "/health", "/static/desk.css", "/static/mark.svg")
# The menu: a name under `menu.` in the catalogues, and where it leads.
NAVIGATION = {
    "start": "/",
    "moderation": "/moderation",
    "corrections": "/corrections",
    "preview": "/preview",
    "downloads": "/downloads",
    "deliveries": "/deliveries",
    "keys": "/keys",
    "bursts": "/bursts",
    "health": "/health",
    "audit": "/audit",
}


def may(role: Role, right: Right) -> bool:
    """Whether this role has this right."""
    return role in HOLDERS[right]


def roles_for(right: Right) -> str:
    """The roles that have it, as people read them: `analyst or keeper`."""
    return " or ".join(HOLDERS[right])
