"""The application as a whole, around every request: its id, its metrics, its line in the log, and safe headers."""

import time
from typing import Any

import structlog
from litestar import Litestar
from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Receive, Scope, Send

from livestreamx.observe.metrics import Metrics
from livestreamx.observe.request import HEADER, adopt_request_id

QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
UNMATCHED = "unmatched"

log = structlog.get_logger("api.requests")


def given_request_id(scope: Scope) -> str | None:
    """What the client calls this request."""
    wanted = HEADER.encode()
    return next((value.decode("latin-1") for name, value in scope["headers"] if name.lower() == wanted), None)


def route_of(scope: Scope) -> str:
    """The route's template, so that ids do not become label values."""
    return str(scope.get("path_template") or UNMATCHED)


class Platform(Litestar):
    """Litestar, with every request correlated: those that no route takes as well. HEAD is GET without its body."""

    async def __call__(self, scope: Scope | Any, receive: Receive | Any, send: Send | Any) -> None:
        if scope["type"] == "http":
            await self._answer(scope, receive, send)
            return
        if scope["type"] == "websocket":
            adopt_request_id(given_request_id(scope))
        await super().__call__(scope, receive, send)

    async def _answer(self, scope: Any, receive: Receive, send: Send) -> None:
        request_id = adopt_request_id(given_request_id(scope))
        began, status = time.perf_counter(), 0
        is_head = scope["method"] == "HEAD"
        if is_head:
            scope = {**scope, "method": "GET"}

        async def send_correlated(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableScopeHeaders.from_message(message)
                headers[HEADER] = request_id
                headers["x-content-type-options"] = "nosniff"
                headers.setdefault("referrer-policy", "strict-origin-when-cross-origin")
                if allowed := headers.get("allow"):
                    headers["allow"] = allowed.replace("GET", "GET, HEAD")
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        try:
            await super().__call__(scope, receive, send_correlated)
        finally:
            self._note(scope, status, time.perf_counter() - began)

    def _note(self, scope: Any, status: int, seconds: float) -> None:
        metrics: Metrics = self.state.metrics
        route = route_of(scope)
        metrics.requests.labels(scope["method"], route, str(status)).inc()
        metrics.request_seconds.labels(scope["method"], route).observe(seconds)
        if scope["path"] not in QUIET:
            log.info("answered", method=scope["method"], route=route, status=status, ms=round(seconds * 1000, 1))
