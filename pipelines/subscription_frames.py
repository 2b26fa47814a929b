"""What a room is told of subscriptions to its channel: alerts on screen, and whom each gift of some has reached."""

from html import escape
from typing import Any

from livestreamx.clock import now
from livestreamx.events import (
    Event,
    SubscriptionGifted,
    SubscriptionRenewed,
    SubscriptionStarted,
    tag_of,
)
from livestreamx.frames import OverlayTrigger, SubsGifted
from pipelines.audience_frames import Frame

SHOWN_MS = 6000
STALE_SECONDS = 60
"""An alert for something older is not played any more."""


def frames_of(event: Event) -> list[Frame]:
    """The frames of an event of these kinds; none for any other, and none where nothing was live."""
    if event.stream_id is None or event.user_id is None:
        return []
    frames: list[Frame] = []
    if isinstance(event, SubscriptionGifted):
        frames.append((event.stream_id, "sub:gifted", gifted(event), event.event_id))
    alert = alert_of(event)
    if alert is not None and (now() - event.occurred_at).total_seconds() <= STALE_SECONDS:
        frames.append((event.stream_id, "overlay:trigger", alert, event.event_id))
    return frames


def gifted(event: SubscriptionGifted) -> SubsGifted:
    """The gift in the room."""
    giver: Any = event.user_id
    return SubsGifted(
        giftId=event.gift_id,
        giverId=giver,
        giver=event.handle,
        recipientId=event.recipient_id,
        recipient=event.recipient,
        tier=event.tier,
        given=event.given,
        qty=event.qty,
        until=event.until,
    )


def alert_of(event: Event) -> OverlayTrigger | None:
    """What is played on screen: once for a whole gift, with the first that it reaches."""
    match event:
        case SubscriptionGifted(given=1, qty=1, handle=actor):
            text = f"gives {event.recipient} a subscription"
        case SubscriptionGifted(given=1, handle=actor):
            text = f"gives {event.qty} subscriptions"
        case SubscriptionStarted(handle=actor):
            text = f"subscribes, tier {event.tier}"
        case SubscriptionRenewed(handle=actor):
            text = f"stays a subscriber, tier {event.tier}"
        case _:
            return None
    kind = tag_of(type(event))
    return OverlayTrigger(kind=kind, animationKey="crown", actor=actor, text=escape(text), durationMs=SHOWN_MS)
