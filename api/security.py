"""Who asks, and whether the route is for them.

A route names its guard in `RouteSpec`, which runs before the route. Whoever
has no live session gets 401, whoever lacks the permission 403. Writes need the session's CSRF
token in a header, which another site can neither read nor send.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from fastapi import Depends
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.parts import ApiSettings
from api.problems import ProblemError
from api.repository.accounts import find_session
from api.services import Services, services_of
from api.tokens import same_token, token_sha256
from schemas.access import Permission, Principal

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
# A browser that does not know the header sends none.
OWN_SITE = frozenset({"same-origin", "none"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks. `principal.areas` is widened to counties; `areas` are as they were assigned."""

    principal: Principal
    areas: tuple[str, ...]
    csrf: str
    session_sha256: str


def cookie_name(settings: ApiSettings) -> str:
    """Return the session cookie's name; the prefix binds it to this host, over TLS only."""
    return "__Host-tocsin" if settings.is_https else "tocsin"


def set_cookie(response: Response, token: str, settings: ApiSettings) -> None:
    """Give the browser a session."""
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=int(settings.session_lifetime.total_seconds()),
        path="/",
        secure=settings.is_https,
        httponly=True,
        samesite="lax",
    )


def clear_cookie(response: Response, settings: ApiSettings) -> None:
    """Take the session back."""
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.is_https, httponly=True, samesite="lax"
    )


def session_in(request: Request) -> str | None:
    """Return the hash of the session that a request carries, live or not."""
    token = request.cookies.get(cookie_name(services_of(request).parts.settings))
    return None if not token else token_sha256(token)


async def authenticate(request: Request) -> Caller | None:
    """Return who asks, or None without a live session."""
    session_sha256 = session_in(request)
    if session_sha256 is None:
        return None
    return await run_in_threadpool(_caller, services_of(request), session_sha256)


def _caller(services: Services, session_sha256: str) -> Caller | None:
    now = services.parts.system_clock.now()
    with services.parts.read() as connection:
        session = find_session(connection, session_sha256, now=now)
        if session is None:
            return None
        return Caller(
            principal=services.shelf.widen(connection, session.principal),
            areas=session.principal.areas,
            csrf=session.csrf,
            session_sha256=session.session_sha256,
        )


async def signed_in(caller: Annotated[Caller | None, Depends(authenticate)]) -> Caller:
    """Return who asks. Raises 401."""
    if caller is None:
        raise ProblemError(HTTPStatus.UNAUTHORIZED, "sign in first")
    return caller


SignedIn = Annotated[Caller, Depends(signed_in)]


def check_site(request: Request) -> None:
    """Refuse a write that another site's page sends."""
    if request.method in SAFE_METHODS:
        return
    if request.headers.get("Sec-Fetch-Site", "none") not in OWN_SITE:
        raise ProblemError(HTTPStatus.FORBIDDEN, "this request comes from another site")


class Public:
    """The guard of a route that is for everyone."""

    permission = Permission.PUBLIC

    async def __call__(self, request: Request) -> None:
        """Let everyone through, but no write from another site."""
        check_site(request)


class Require:
    """The guard of a route that is for those who have a permission, or any of several.

    `Permission.PUBLIC` asks for no more than a session.
    """

    def __init__(self, *permissions: Permission) -> None:
        self.permissions = permissions

    async def __call__(self, request: Request, caller: SignedIn) -> None:
        """Let the caller through. Raises 403 without the permission or the CSRF token."""
        if not any(caller.principal.may(each) for each in self.permissions):
            raise ProblemError(HTTPStatus.FORBIDDEN, "your role does not have this permission")
        if request.method in SAFE_METHODS:
            return
        check_site(request)
        if not same_token(request.headers.get(CSRF_HEADER, ""), caller.csrf):
            raise ProblemError(HTTPStatus.FORBIDDEN, f"{CSRF_HEADER} is missing or wrong")
