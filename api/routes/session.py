"""Signing in and out, and who one is."""

from __future__ import annotations

import math
from collections.abc import Callable
from http import HTTPMethod, HTTPStatus
from typing import Annotated, TypeVar

import anyio.to_thread
from fastapi import Depends
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.body import JsonBody
from api.geojson import iso
from api.passwords import MAX_CHARACTERS, MIN_CHARACTERS
from api.problems import ProblemError
from api.routing import RouteSpec
from api.security import Public, Require, SignedIn, clear_cookie, session_in, set_cookie
from api.services import Services, services_of
from api.sign_in import Attempt, redeem_link, sign_in, sign_out
from api.throttle import Throttle
from schemas.access import Permission
from schemas.message import StrictMessage

TAG = "session"

T = TypeVar("T")


class SignIn(StrictMessage):
    """A user id and a password."""

    user_id: Annotated[str, Field(min_length=1, max_length=64)]
    password: Annotated[str, Field(min_length=1, max_length=MAX_CHARACTERS)]


class LinkSignIn(StrictMessage):
    """A one-time token and the password that its owner wants to have."""

    token: Annotated[str, Field(min_length=1, max_length=200)]
    password: Annotated[str, Field(min_length=MIN_CHARACTERS, max_length=MAX_CHARACTERS)]


async def post_sign_in(
    request: Request, body: Annotated[SignIn, Depends(JsonBody(SignIn))]
) -> Response:
    """Sign in with a password. Sets the session cookie; five tries a minute."""
    services = services_of(request)
    attempt = _attempt(request)
    person = (body.user_id, attempt.address)
    _let_through(services.tries_by_address, attempt.address)
    _let_through(services.tries_by_person, person)
    token = await _hashing(
        services,
        lambda: sign_in(services.parts, services.passwords, body.user_id, body.password, attempt),
    )
    services.tries_by_person.forget(person)
    return _with_session(services, token)


async def post_link(
    request: Request, body: Annotated[LinkSignIn, Depends(JsonBody(LinkSignIn))]
) -> Response:
    """Set a password with a one-time link and sign in."""
    services = services_of(request)
    attempt = _attempt(request)
    _let_through(services.tries_by_address, attempt.address)
    token = await _hashing(
        services,
        lambda: redeem_link(services.parts, services.passwords, body.token, body.password, attempt),
    )
    return _with_session(services, token)


def post_sign_out(request: Request, caller: SignedIn) -> Response:
    """End the session."""
    services = services_of(request)
    sign_out(services.parts, caller.principal.user_id, _attempt(request))
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    clear_cookie(response, services.parts.settings)
    return response


def get_me(request: Request, caller: SignedIn) -> Response:
    """Return who is signed in, the CSRF token for writes, and the mission."""
    parts = services_of(request).parts
    mission = parts.mission
    return json_answer(
        {
            "user_id": caller.principal.user_id,
            "name": caller.principal.name,
            "roles": [role.value for role in caller.principal.roles],
            "level": int(caller.principal.level),
            "areas": list(caller.areas),
            "csrf": caller.csrf,
            "mission": {
                "mission_id": mission.mission_id,
                "name": mission.name,
                "time_zone": mission.time_zone,
                "languages": list(mission.languages),
                "replay": mission.replay,
                "now": iso(parts.mission_clock.now()),
                "area": mission.area.model_dump(),
                "disclaimer": parts.settings.disclaimer,
            },
        }
    )


def _attempt(request: Request) -> Attempt:
    address = "" if request.client is None else request.client.host
    return Attempt(address=address, old_session_sha256=session_in(request))


def _let_through(throttle: Throttle, key: object) -> None:
    wait_s = throttle.wait_s(key)
    if wait_s > 0:
        raise ProblemError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too many tries; wait a moment",
            headers={"Retry-After": str(math.ceil(wait_s))},
        )


async def _hashing(services: Services, work: Callable[[], T]) -> T:
    """Run in a thread, few at a time: each takes the memory of a password hash."""
    return await anyio.to_thread.run_sync(work, limiter=services.password_checks)


def _with_session(services: Services, token: str) -> Response:
    response = Response(status_code=HTTPStatus.NO_CONTENT)
    set_cookie(response, token, services.parts.settings)
    return response


ROUTES = (
    RouteSpec(
        method=HTTPMethod.POST,
        path="/v1/sign-in",
        handler=post_sign_in,
        body=SignIn,
        produces=None,
        guard=Public(),
        status=204,
        tag=TAG,
    ),
    RouteSpec(
        method=HTTPMethod.POST,
        path="/v1/sign-in/link",
        handler=post_link,
        body=LinkSignIn,
        produces=None,
        guard=Public(),
        status=204,
        tag=TAG,
    ),
    RouteSpec(
        method=HTTPMethod.POST,
        path="/v1/sign-out",
        handler=post_sign_out,
        produces=None,
        guard=Require(Permission.PUBLIC),
        status=204,
        tag=TAG,
    ),
    RouteSpec(path="/v1/me", handler=get_me, guard=Require(Permission.PUBLIC), tag=TAG),
)
