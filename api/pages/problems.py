"""Refusals as pages, for browsers that asked for a page; everybody else gets problem details."""

from typing import Any

from litestar import Controller, Request, Response, get
from litestar.response import Template

from api.pages.rendering import STATIC, page

PROGRAMS = ("/api/", "/ws", "/schema", "/healthz", "/readyz", "/metrics")


def wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether a person waits for a page: a browser's navigation, not a script and not the API."""
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(PROGRAMS)


def problem_page(request: Request[Any, Any, Any], refusal: dict[str, Any], headers: dict[str, str]) -> Template:
    """The problem details in words, with what to do next; it needs no engine, so it can tell of their outage."""
    status = refusal["status"]
    shown = page(
        request,
        "problem.html",
        None,
        status=status,
        code=status,
        title=refusal["title"],
        detail=refusal["detail"],
        request_id=refusal["requestId"],
    )
    shown.headers |= headers
    return shown


class FallbackPages(Controller):
    """What a browser shows when the platform cannot be reached, and the worker that keeps it at hand."""

    @get("/offline")
    async def offline(self, request: Request[Any, Any, Any]) -> Template:
        """Kept by the worker when a browser first comes here."""
        return page(request, "offline.html", None)

    @get("/sw.js", sync_to_thread=True)
    def worker(self) -> Response[bytes]:
        """The service worker; it lies at the root, because it may only serve pages below itself."""
        return Response(
            (STATIC / "js" / "worker.js").read_bytes(),
            media_type="text/javascript",
            headers={"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"},
        )
