"""Who may do what: every route of the application against every role. A route that is not listed here fails."""

import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient, Response
from litestar.routes import HTTPRoute, WebSocketRoute

from api.correlation import Platform
from livestreamx.engines.postgres import Pool
from tests.integration.people import Person

ANYONE, USER, CREATOR, OWNER, MAKER, ADMIN = "anyone", "user", "creator", "owner", "maker", "admin"

ALLOWED = {
    ANYONE: {"anonymous", "viewer", "creator", "owner", "admin"},
    USER: {"viewer", "creator", "owner", "admin"},
    CREATOR: {"creator", "owner", "admin"},
    OWNER: {"owner", "admin"},
    MAKER: {"owner"},
    ADMIN: {"admin"},
}
ROLES = ("anonymous", "viewer", "creator", "owner", "admin")

ACCESS = {
    "GET /api/admin/audit": ADMIN,
    "GET /api/admin/flags": ADMIN,
    "POST /api/admin/flags/{flag_id}/resolve": ADMIN,
    "GET /api/auth/access": USER,
    "POST /api/auth/login": ANYONE,
    "POST /api/auth/logout": USER,
    "POST /api/auth/refresh": ANYONE,
    "POST /api/auth/register": ANYONE,
    "PUT /api/creators/{creator_id}/follow": USER,
    "DELETE /api/creators/{creator_id}/follow": USER,
    "GET /api/subscription-tiers": ANYONE,
    "POST /api/creators/{creator_id}/subscribe": USER,
    "GET /api/creators/{creator_id}/subscription": USER,
    "DELETE /api/creators/{creator_id}/subscription": USER,
    "GET /api/creators/{channel_id}/subscribers": OWNER,
    "GET /api/creators/{channel_id}/subscribers/summary": OWNER,
    "POST /api/creators/{creator_id}/gift-subs": USER,
    "GET /api/me/subscriptions": USER,
    "GET /api/me/gift-subs": USER,
    "GET /api/me/gift-subs/choice": USER,
    "PUT /api/me/gift-subs/choice": USER,
    "GET /api/creators/{channel_id}/moderators": OWNER,
    "PUT /api/creators/{channel_id}/moderators/{user_id}": OWNER,
    "DELETE /api/creators/{channel_id}/moderators/{user_id}": OWNER,
    "GET /api/streams/{stream_id}/bans": OWNER,
    "POST /api/streams/{stream_id}/bans": OWNER,
    "DELETE /api/streams/{stream_id}/bans/{user_id}": OWNER,
    "GET /api/streams/{stream_id}/chat": ANYONE,
    "PUT /api/streams/{stream_id}/chat/mode": OWNER,
    "PUT /api/streams/{stream_id}/chat/pin": OWNER,
    "DELETE /api/streams/{stream_id}/chat/pin": OWNER,
    "POST /api/streams/{stream_id}/chat/clear": OWNER,
    "DELETE /api/chat/{message_id}": USER,
    "GET /api/mod/audit": USER,
    "POST /api/reports": USER,
    "GET /api/mod/reports": USER,
    "POST /api/mod/reports/{report_id}/resolve": USER,
    "POST /api/mod/reports/{report_id}/dismiss": USER,
    "POST /api/streams/{stream_id}/unban-requests": USER,
    "GET /api/streams/{stream_id}/unban-requests": USER,
    "GET /api/mod/unban-requests": USER,
    "POST /api/mod/unban-requests/{appeal_id}/accept": USER,
    "POST /api/mod/unban-requests/{appeal_id}/deny": USER,
    "GET /api/mod/held": USER,
    "POST /api/mod/held/{message_id}/approve": USER,
    "POST /api/mod/held/{message_id}/reject": USER,
    "GET /api/creators/{channel_id}/blocked-terms": OWNER,
    "POST /api/creators/{channel_id}/blocked-terms": OWNER,
    "POST /api/creators/{channel_id}/blocked-terms/try": OWNER,
    "DELETE /api/creators/{channel_id}/blocked-terms/{term_id}": OWNER,
    "GET /api/creators/{channel_id}/chat-policy": OWNER,
    "PUT /api/creators/{channel_id}/chat-policy": OWNER,
    "GET /api/admin/blocked-terms": ADMIN,
    "POST /api/admin/blocked-terms": ADMIN,
    "DELETE /api/admin/blocked-terms/{term_id}": ADMIN,
    "GET /api/gifts": ANYONE,
    "GET /api/leaderboard/{board}": ANYONE,
    "GET /api/me": USER,
    "GET /api/me/assets": USER,
    "POST /api/me/assets": USER,
    "DELETE /api/me/assets/{asset_id}": USER,
    "GET /api/me/mood-map": CREATOR,
    "PUT /api/me/mood-map": CREATOR,
    "GET /api/me/overlays": CREATOR,
    "PUT /api/me/overlays": CREATOR,
    "PATCH /api/me/profile": USER,
    "GET /api/me/commands": CREATOR,
    "PUT /api/me/commands": CREATOR,
    "POST /api/me/overlay-key": CREATOR,
    "GET /api/minigames/{game_id}": ANYONE,
    "POST /api/me/creator": USER,
    "GET /api/me/following": USER,
    "GET /api/me/history": USER,
    "DELETE /api/me/history": USER,
    "GET /api/me/recommendations": USER,
    "PUT /api/me/recommendations": USER,
    "GET /api/me/sessions": USER,
    "DELETE /api/me/sessions": USER,
    "DELETE /api/me/sessions/{session_id}": USER,
    "GET /api/me/streams": USER,
    "GET /api/recommendations/streams": ANYONE,
    "POST /api/recommendations/clicks": ANYONE,
    "GET /recommend": ANYONE,
    "GET /api/search": ANYONE,
    "GET /api/streams": ANYONE,
    "POST /api/streams": CREATOR,
    "GET /api/streams/{stream_id}": ANYONE,
    "POST /api/streams/{stream_id}/start": OWNER,
    "POST /api/streams/{stream_id}/token": ANYONE,
    "POST /api/streams/{stream_id}/ingress": MAKER,
    "GET /api/streams/{stream_id}/ingress": MAKER,
    "DELETE /api/streams/{stream_id}/ingress": MAKER,
    "POST /api/streams/{stream_id}/end": OWNER,
    "POST /api/streams/{stream_id}/archive": OWNER,
    "POST /api/streams/{stream_id}/cancel": OWNER,
    "GET /api/streams/{stream_id}/gift-events": ANYONE,
    "GET /api/streams/{stream_id}/moments": ANYONE,
    "GET /api/streams/{stream_id}/moments/{moment_id}": ANYONE,
    "GET /api/streams/{stream_id}/polls": ANYONE,
    "POST /api/streams/{stream_id}/polls": OWNER,
    "POST /api/streams/{stream_id}/polls/{poll_id}/votes": USER,
    "POST /api/streams/{stream_id}/polls/{poll_id}/end": OWNER,
    "GET /api/streams/{stream_id}/questions": ANYONE,
    "POST /api/streams/{stream_id}/questions": USER,
    "POST /api/streams/{stream_id}/questions/{question_id}/upvote": USER,
    "POST /api/streams/{stream_id}/questions/{question_id}/answer": OWNER,
    "POST /api/streams/{stream_id}/questions/{question_id}/dismiss": OWNER,
    "GET /api/streams/{stream_id}/challenges": ANYONE,
    "POST /api/streams/{stream_id}/challenges": OWNER,
    "POST /api/streams/{stream_id}/challenges/{challenge_id}/cancel": OWNER,
    "POST /api/streams/{stream_id}/raid": OWNER,
    "DELETE /api/streams/{stream_id}/raid": OWNER,
    "POST /api/streams/{stream_id}/segments": OWNER,
    "GET /api/streams/{stream_id}/segments": OWNER,
    "PATCH /api/streams/{stream_id}/segments/{segment_id}": OWNER,
    "DELETE /api/streams/{stream_id}/segments/{segment_id}": OWNER,
    "GET /api/me/raids": CREATOR,
    "PUT /api/me/raids": CREATOR,
    "PATCH /api/streams/{stream_id}/scene": OWNER,
    "POST /api/streams/{stream_id}/gifts": USER,
    "GET /api/studio/analytics": USER,
    "GET /api/studio/export": USER,
    "GET /api/studio/analytics/export": USER,
    "GET /api/studio/streams/{stream_id}/analytics": OWNER,
    "GET /api/studio/streams/{stream_id}/export": OWNER,
    "GET /api/studio/streams/{stream_id}/analytics/export": OWNER,
    "GET /api/users/{handle}": ANYONE,
    "GET /api/packs": ANYONE,
    "POST /api/checkout/tokens": USER,
    "POST /api/webhooks/livekit": ANYONE,
    "POST /api/webhooks/stripe": ANYONE,
    "GET /api/wallet/receipts": USER,
    "GET /api/wallet/receipts/{payment_id}": USER,
    "POST /api/wallet/purchases/{payment_id}/refund": USER,
    "GET /api/wallet/limits": USER,
    "PUT /api/wallet/limits": USER,
    "GET /api/payouts": CREATOR,
    "POST /api/payouts": CREATOR,
    "GET /api/payouts/earnings": CREATOR,
    "GET /api/payouts/statement": CREATOR,
    "GET /api/admin/payouts": ADMIN,
    "GET /api/admin/users": ADMIN,
    "POST /api/admin/users/{user_id}/lock": ADMIN,
    "POST /api/admin/users/{user_id}/unlock": ADMIN,
    "PUT /api/admin/users/{user_id}/roles/admin": ADMIN,
    "DELETE /api/admin/users/{user_id}/roles/admin": ADMIN,
    "GET /api/admin/gifts": ADMIN,
    "GET /api/admin/payments": ADMIN,
    "POST /api/admin/payments/{payment_id}/refund": ADMIN,
    "GET /api/admin/features": ADMIN,
    "PUT /api/admin/features/{name}": ADMIN,
    "GET /api/admin/health": ADMIN,
    "GET /api/admin/dead-letters": ADMIN,
    "POST /api/admin/dead-letters/{name}/requeue": ADMIN,
    "POST /api/admin/payouts/{payout_id}": ADMIN,
    "POST /api/vods": CREATOR,
    "GET /api/vods/{vod_id}": ANYONE,
    "GET /api/vods/{vod_id}/chat": ANYONE,
    "PATCH /api/vods/{vod_id}": USER,
    "DELETE /api/vods/{vod_id}": USER,
    "GET /api/me/vods": USER,
    "GET /api/creators/{creator_id}/vods": ANYONE,
    "GET /api/wallet": USER,
    "GET /api/wallet/ledger": USER,
    "GET /api/wallet/statement": USER,
    "GET /api/me/inventory": USER,
    "GET /api/packs/exclusive": ANYONE,
    "POST /api/packs/{pack_id}/purchase": USER,
    "POST /api/admin/packs": ADMIN,
    "POST /api/admin/gifts/{gift_event_id}/refund": ADMIN,
    "POST /api/wallet/topup": USER,
    "GET /.well-known/jwks.json": ANYONE,
    "GET /healthz": ANYONE,
    "GET /metrics": ANYONE,
    "GET /readyz": ANYONE,
    "GET /schema": ANYONE,
    "GET /schema/asyncapi.json": ANYONE,
    "GET /schema/events.json": ANYONE,
    "GET /schema/openapi.json": ANYONE,
    "GET /schema/openapi.yaml": ANYONE,
    # pages
    "GET /": ANYONE,
    "GET /live-now": ANYONE,
    "GET /search": ANYONE,
    "GET /search/results": ANYONE,
    "GET /oembed": ANYONE,
    "GET /reference": ANYONE,
    "GET /reference/parts": ANYONE,
    "GET /login": ANYONE,
    "GET /register": ANYONE,
    "GET /offline": ANYONE,
    "GET /robots.txt": ANYONE,
    "GET /sw.js": ANYONE,
    "GET /u/{handle}": ANYONE,
    "GET /v/{vod_id}": ANYONE,
    "GET /w/{stream_id}": ANYONE,
    "GET /w/{stream_id}/over": ANYONE,
    "GET /w/{stream_id}/moments/{moment_id}": ANYONE,
    "GET /me": USER,
    "GET /avatars/{name}": ANYONE,
    "GET /vods/{name}": ANYONE,
    "GET /assets/{name}": ANYONE,
    "GET /posters/{name}": ANYONE,
    "GET /static/{file_path}": ANYONE,
    "GET /o/{overlay_key}": ANYONE,
    "GET /o/{overlay_key}/stream": ANYONE,
    "GET /studio": USER,
    "GET /studio/channel": USER,
    "GET /studio/streams": USER,
    "GET /studio/{stream_id}": OWNER,
    "GET /wallet": USER,
    "GET /wallet/subscriptions": USER,
    "GET /wallet/history": USER,
    "GET /wallet/payments/{payment_id}": USER,
    "GET /admin": ADMIN,
    "GET /mod": USER,
}

SOCKETS = {"/ws", "/ws/chat", "/ws/gifts", "/ws/mood", "/ws/overlay", "/ws/polls", "/ws/studio"}

REQUESTS: dict[str, dict[str, Any]] = {
    "POST /api/reports": {"json": {"streamId": str(uuid4()), "userId": str(uuid4()), "reason": "spam"}},
    "POST /api/streams/{stream_id}/unban-requests": {"json": {"text": "sorry"}},
    "POST /api/mod/unban-requests/{appeal_id}/accept": {"json": {}},
    "POST /api/mod/unban-requests/{appeal_id}/deny": {"json": {}},
    "PUT /api/streams/{stream_id}/chat/mode": {"json": {"slowSeconds": 30}},
    "PUT /api/streams/{stream_id}/chat/pin": {"json": {"messageId": str(uuid4())}},
    "POST /api/streams/{stream_id}/chat/clear": {"json": {}},
    "POST /api/creators/{channel_id}/blocked-terms": {"json": {"text": "free nitro"}},
    "PUT /api/creators/{channel_id}/chat-policy": {"json": {"links": "hold"}},
    "POST /api/creators/{channel_id}/blocked-terms/try": {"json": {"text": "free nitro"}},
    "POST /api/admin/blocked-terms": {"json": {"text": "guard matrix term"}},
    "POST /api/streams/{stream_id}/bans": {"json": {"userId": str(uuid4())}},
    "POST /api/streams": {"json": {"title": "Mine"}},
    "POST /api/streams/{stream_id}/ingress": {"json": {}},
    "POST /api/streams/{stream_id}/gifts": {"json": {"code": "HEART"}},
    "PUT /api/me/commands": {"json": {"actions": {"tts.say": True}}},
    "POST /api/streams/{stream_id}/polls": {"json": {"question": "Next?", "choices": ["a", "b"], "durationS": 60}},
    "POST /api/streams/{stream_id}/polls/{poll_id}/votes": {"json": {"choiceId": 1}},
    "POST /api/streams/{stream_id}/questions": {"json": {"text": "When?"}},
    "POST /api/streams/{stream_id}/challenges": {"json": {"type": "reactions", "target": 5, "durationS": 60}},
    "POST /api/streams/{stream_id}/raid": {"json": {"targetId": str(uuid4())}},
    "POST /api/streams/{stream_id}/segments": {"json": {"vodId": str(uuid4())}},
    "PATCH /api/streams/{stream_id}/segments/{segment_id}": {"json": {"insert": 0}},
    "PUT /api/me/mood-map": {"json": {"looks": {}}},
    "PUT /api/me/overlays": {"json": {"overlays": []}},
    "PATCH /api/me/profile": {"json": {"theme": "ocean"}},
    "PUT /api/me/raids": {"json": {"accept": True}},
    "PATCH /api/vods/{vod_id}": {"json": {"title": "Mine"}},
    "PATCH /api/streams/{stream_id}/scene": {"json": {"filter": "noir"}},
    "POST /api/wallet/topup": {"json": {"amount": 1}},
    "PUT /api/wallet/limits": {"json": {"dailyTokens": 1000}},
    "POST /api/payouts": {"json": {"amountMinor": 2500}},
    "GET /api/payouts/statement": {"params": {"month": "2026-01"}},
    "POST /api/admin/payouts/{payout_id}": {"json": {"state": "review", "note": "seen"}},
    "POST /api/checkout/tokens": {"json": {"packId": "no_such_pack"}},
    "POST /api/creators/{creator_id}/subscribe": {"json": {"tier": 1}},
    "POST /api/creators/{creator_id}/gift-subs": {"json": {"tier": 1, "qty": 5}},
    "PUT /api/me/gift-subs/choice": {"json": {"accept": True}},
    "PUT /api/admin/features/{name}": {"json": {"on": True}},
    "POST /api/admin/flags/{flag_id}/resolve": {"json": {"note": "seen"}},
    "GET /api/wallet/statement": {"params": {"month": "2026-01"}},
    "POST /api/packs/{pack_id}/purchase": {"json": None},
    "POST /api/admin/users/{user_id}/lock": {"json": {"reason": "asked to"}},
    "GET /api/admin/gifts": {"params": {"q": "nobody"}},
    "GET /api/admin/payments": {"params": {"q": "nobody"}},
    "POST /api/admin/payments/{payment_id}/refund": {"json": {"reason": "asked to"}},
    "POST /api/admin/gifts/{gift_event_id}/refund": {"json": {"reason": "fraud"}},
    "POST /api/admin/packs": {
        "json": {
            "name": "Winter",
            "items": [{"item": "snow_badge"}],
            "priceTokens": 5,
            "stock": 1,
            "startsAt": "2026-01-01T00:00:00Z",
            "endsAt": "2026-02-01T00:00:00Z",
        }
    },
}

# What the guards say; any other refusal comes from behind them.
DENIALS = {"unauthenticated", "role_required", "not_owner", "forbidden"}
# What is not connected to this application.
OFF = {"payments_off", "media_off"}


def template(path: str) -> str:
    """The route's path; that of static files carries a version."""
    return "/static/{file_path}" if path.startswith("/static/") else path


def test_every_route_is_listed(app: Platform) -> None:
    served = {
        f"{method} {template(route.path_format)}"
        for route in app.routes
        if isinstance(route, HTTPRoute)
        for method in set(route.methods) - {"OPTIONS", "HEAD"}
    }
    assert served - {"GET /schema/{path}"} == ACCESS.keys()
    assert {route.path_format for route in app.routes if isinstance(route, WebSocketRoute)} == SOCKETS


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def cast(app: Platform, pool: Pool) -> AsyncIterator[dict[str, Person | None]]:
    """One person for each role; `owner` is a creator like `creator`, with the streams in question."""
    async with AsyncClient(transport=ASGITransport(app), base_url="https://testserver") as client:
        yield {
            "anonymous": None,
            "viewer": await Person.register(client),
            "creator": await Person.creator(client),
            "owner": await Person.creator(client),
            "admin": await Person.admin(client, pool),
        }


def denied(answer: Response) -> bool:
    """Whether the guards turned it away, with problem details or with a redirect to the login page."""
    if answer.is_redirect:
        return answer.headers["location"].startswith("/login")
    kind = answer.headers.get("content-type", "")
    return answer.status_code in {401, 403} and "problem+json" in kind and answer.json()["code"] in DENIALS


def fill(path: str, owner: Person, **known: object) -> str:
    """An address of the route, about the owner's things; every id that is not known is nobody's."""
    names = {"handle": owner.handle, "board": "gifts", "name": f"{owner.handle}.svg", "file_path": "css/base.css"}
    given = {"channel_id": owner.id, "overlay_key": "no-such-key", **names, **known}
    return path.format_map(defaultdict(uuid4, given))


@pytest.mark.parametrize("route", ACCESS)
async def test_who_may(api: AsyncClient, cast: dict[str, Person | None], route: str) -> None:
    method, path = route.split(" ")
    owner, creator = cast["owner"], cast["creator"]
    assert owner is not None
    assert creator is not None
    outcome = {}
    for role in ROLES:
        stream = await owner.announce()
        address = fill(path, owner, stream_id=stream, creator_id=creator.id if role != "creator" else owner.id)
        given = REQUESTS.get(route, {})
        headers = {"Idempotency-Key": secrets.token_hex(8)} if "json" in given else {}
        person = cast[role]
        ask = person.ask if person else api.request
        answer = await ask(method, address, headers=headers, **given)
        assert answer.status_code < 500 or answer.json()["code"] in OFF, (role, answer.text)
        outcome[role] = not denied(answer)
        if denied(answer) and not answer.is_redirect:
            assert answer.status_code == (401 if role == "anonymous" else 403), role
    assert {role for role, may in outcome.items() if may} == ALLOWED[ACCESS[route]]


@pytest.mark.parametrize("route", [route for route, who in ACCESS.items() if who != ANYONE and " /api/" in route])
async def test_nobody_is_told_what_is_wrong_with_a_body_they_may_not_send(
    api: AsyncClient, cast: dict[str, Person | None], route: str
) -> None:
    method, path = route.split(" ")
    owner, viewer = cast["owner"], cast["viewer"]
    assert owner is not None
    assert viewer is not None
    address = fill(path, owner)
    nobody = await api.request(method, address, json={})
    assert (nobody.status_code, nobody.json()["code"]) == (401, "unauthenticated")
    if ACCESS[route] in {CREATOR, ADMIN}:
        refused = await viewer.ask(method, address, json={})
        assert (refused.status_code, refused.json()["code"]) == (403, "role_required")
