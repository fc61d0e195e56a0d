"""The code lists that messages use, with their labels."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import Response

from api.answers import json_answer
from api.routing import RouteSpec
from api.security import Require
from schemas.access import Permission
from schemas.codes.lists import Code, code_list
from schemas.errors import NotFoundError

_LIST_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


def get_codes(_request: Request, name: str) -> Response:
    """Return one list with its labels in English and French."""
    if not _LIST_NAME.fullmatch(name):
        raise NotFoundError(name)
    try:
        found = code_list(name)
    except FileNotFoundError as error:
        raise NotFoundError(name) from error
    return json_answer(
        {
            "list": found.name,
            "version": found.version,
            "fallback": found.fallback,
            "items": [_item(each) for each in found.codes.values()],
        }
    )


def _item(code: Code) -> dict[str, object]:
    return {
        **code.attributes,
        "code": code.code,
        "label": {"en": code.label_en, "fr": code.label_fr},
        "deprecated_by": code.deprecated_by,
    }


ROUTES = (
    RouteSpec(
        path="/v1/codes/{name}",
        handler=get_codes,
        guard=Require(Permission.PUBLIC),
        tag="codes",
    ),
)
