"""The peer as a server: Stripe's API under `/v1`, and the page on which a buyer pays."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any
from urllib.parse import parse_qsl

import uvicorn
from litestar import Litestar, MediaType, Request, Response, get, post
from litestar.params import FromPath
from litestar.response import Redirect

from tests.conftest import free_port
from tests.stripe_peer.peer import Peer, Refused

AnyRequest = Request[Any, Any, Any]
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Pay</title><h1>{name}: {amount} {currency}</h1>
<form method="post"><button name="act" value="pay">Pay</button>
<button name="act" value="late">Pay by bank</button></form>
<p><a href="{cancel_url}">Cancel</a></p>"""


def make_app(peer: Peer) -> Litestar:
    """The edge of this peer."""

    @post("/v1/{path:path}", status_code=200)
    async def api(request: AnyRequest, path: FromPath[str]) -> Response[dict[str, Any]]:
        if not request.headers.get("authorization", "").startswith("Bearer sk_test_"):
            return Response({"error": {"type": "invalid_request_error", "message": "Invalid API Key"}}, status_code=401)
        form = dict(parse_qsl((await request.body()).decode()))
        try:
            return Response(await peer.answer(path.strip("/"), form, request.headers.get("idempotency-key")))
        except Refused as refused:
            return Response(refused.body, status_code=refused.status)

    @get("/pay/{session:str}", media_type=MediaType.HTML)
    async def show(session: FromPath[str]) -> str:
        shown = {name: escape(str(value)) for name, value in peer.sessions[session].items()}
        return PAGE.format(amount=shown["amount_total"], **{n: shown[n] for n in ("name", "currency", "cancel_url")})

    @post("/pay/{session:str}")
    async def pay(request: AnyRequest, session: FromPath[str]) -> Redirect:
        act = dict(parse_qsl((await request.body()).decode()))["act"]
        peer.pay(session, at_once=act == "pay")
        if act == "pay":
            await peer.post()
        return Redirect(peer.sessions[session]["success_url"], status_code=303)

    return Litestar([api, show, pay], openapi_config=None)


@contextmanager
def serving(peer: Peer) -> Iterator[Peer]:
    """The peer on a port of loopback, in a thread of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(make_app(peer), host="127.0.0.1", port=port, log_level="warning"))
    started = threading.Event()

    async def serve() -> None:
        serving = asyncio.create_task(server.serve())
        while not (server.started or serving.done()):
            await asyncio.sleep(0.01)
        started.set()
        await serving

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    assert started.wait(10)
    peer.url = f"http://127.0.0.1:{port}"
    try:
        yield peer
    finally:
        server.should_exit = True
        thread.join()
