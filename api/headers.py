"""Headers of every answer: what a browser may do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSP_REPORTS = "/v1/csp-reports"

# MapLibre runs under this as long as its worker's address is set.
MAP_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; report-to csp"
)
# An answer with data is never a page.
DATA_CSP = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

ALWAYS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self)",
    "Reporting-Endpoints": f'csp="{CSP_REPORTS}"',
}
FOR_DATA: Mapping[str, str] = {
    "Content-Security-Policy": DATA_CSP,
    "Cache-Control": "no-store",
}
_ONE_YEAR_S = 365 * 24 * 3_600
# As ASGI has it: the name in small letters.
RawHeader = tuple[bytes, bytes]


class SecurityHeaders:
    """Adds the headers. Data is never cached unless the answer says so itself."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        self._app = app
        always = dict(ALWAYS)
        if is_https:
            always["Strict-Transport-Security"] = f"max-age={_ONE_YEAR_S}"
        self._always = _raw(always)
        self._names = {name for name, _ in self._always}
        self._for_data = _raw(FOR_DATA)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything through and add to the start of the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = self._added_to(message["headers"])
            await send(message)

        await self._app(scope, receive, with_headers)

    def _added_to(self, headers: Iterable[RawHeader]) -> list[RawHeader]:
        """Return the headers of an answer with ours: all at once, as every answer has them."""
        own = [header for header in headers if header[0] not in self._names]
        given = {name for name, _ in own}
        missing = [header for header in self._for_data if header[0] not in given]
        return [*own, *self._always, *missing]


def _raw(headers: Mapping[str, str]) -> list[RawHeader]:
    return [(name.lower().encode(), value.encode()) for name, value in headers.items()]
