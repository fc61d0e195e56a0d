"""The map client: files with a hash in their name may be kept, the others are asked for again."""

from __future__ import annotations

import os
from pathlib import Path

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope
from typing_extensions import override

from api.headers import MAP_CSP

# Vite puts what has a hash in its name here.
HASHED_FOLDER = "assets/"
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"


class MapClient(StaticFiles):
    """Serves the built client with the map's content security policy and ETags."""

    def __init__(self, root: Path) -> None:
        super().__init__(directory=root, html=True)

    @override
    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with its caching."""
        response = await super().get_response(path, scope)
        name = path.replace(os.sep, "/")
        response.headers["Cache-Control"] = FOREVER if is_hashed(name) else ASK_AGAIN
        response.headers["Content-Security-Policy"] = MAP_CSP
        return response


def is_hashed(path: str) -> bool:
    """Say whether the name of a file changes whenever its contents do."""
    return path.startswith(HASHED_FOLDER)
