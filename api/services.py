"""What the routes share: the parts, and what the service keeps in memory."""

from __future__ import annotations

from dataclasses import dataclass

import anyio
from starlette.requests import Request

from api.feature_cache import FeatureCache
from api.feed import Feed
from api.parts import ApiParts
from api.passwords import Passwords
from api.shelf import Shelf
from api.throttle import Throttle


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One of each for the life of the app."""

    parts: ApiParts
    passwords: Passwords
    password_checks: anyio.CapacityLimiter
    tries_by_person: Throttle
    tries_by_address: Throttle
    csp_reports: Throttle
    shelf: Shelf
    features: FeatureCache
    feed: Feed
    waiting: anyio.CapacityLimiter


def services_of(request: Request) -> Services:
    """Return the services of the app that got a request."""
    services: Services = request.app.state.services
    return services
