"""What clients send: the data of each frame, checked strictly."""

from typing import Annotated
from uuid import UUID

import msgspec

from livestreamx.events import Mood


class Request(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of the data of client frames."""


class Auth(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4096)]


class Resume(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    epoch: Annotated[str, msgspec.Meta(max_length=64)] | None
    seq: Annotated[int, msgspec.Meta(ge=0, le=2**53)]


class Heartbeat(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    focus: bool = True


class Say(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    replyTo: UUID | None = None


class SendGift(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    code: Annotated[str, msgspec.Meta(min_length=1, max_length=32, examples=["CONFETTI"])]
    qty: Annotated[int, msgspec.Meta(ge=1, le=99)] = 1
    comboId: Annotated[str, msgspec.Meta(min_length=1, max_length=64, examples=["combo-1"])] | None = None
    idempotencyKey: Annotated[str, msgspec.Meta(min_length=1, max_length=128, examples=["gift-1"])] | None = None
    args: Annotated[dict[str, str | int], msgspec.Meta(examples=[{"overlay": "fireworks"}])] | None = None
    """For a gift that acts: what its action takes, besides the catalogue's defaults."""


class OverlayTest(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A test alert on one's own overlays; nothing is charged or counted."""


class React(Request, frozen=True, kw_only=True, forbid_unknown_fields=True):
    mood: Mood
