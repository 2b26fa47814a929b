"""What a room is told of subscriptions: each gift once, one alert for all that somebody gives, words escaped."""

from datetime import timedelta
from typing import Any

import msgspec

from livestreamx.clock import now, uuid7
from livestreamx.events import FollowAdded, SubscriptionGifted, SubscriptionStarted
from pipelines.subscription_frames import frames_of


def gifted(given: int, qty: int, **more: Any) -> SubscriptionGifted:
    about: dict[str, Any] = {
        "stream_id": uuid7(),
        "creator_id": uuid7(),
        "user_id": uuid7(),
        "gift_id": uuid7(),
        "subscription_id": uuid7(),
        "handle": "ada",
        "recipient_id": uuid7(),
        "recipient": "bob",
        "tier": 1,
        "amount_minor": 499,
        "currency": "usd",
        "since": now(),
        "until": now() + timedelta(days=30),
    }
    return SubscriptionGifted(given=given, qty=qty, **about | more)


def told(event: Any) -> list[tuple[str, Any]]:
    return [(name, msgspec.to_builtins(data)) for _, name, data, _ in frames_of(event)]


def test_each_gift_is_told_and_all_of_them_alert_once() -> None:
    first, second = told(gifted(1, 5)), told(gifted(2, 5))
    assert [name for name, _ in first] == ["sub:gifted", "overlay:trigger"]
    assert first[1][1] | {"durationMs": 0} == {
        "kind": "sub.gifted",
        "animationKey": "crown",
        "actor": "ada",
        "text": "gives 5 subscriptions",
        "durationMs": 0,
    }
    assert [(name, data["recipient"], data["given"]) for name, data in second] == [("sub:gifted", "bob", 2)]
    assert told(gifted(1, 1))[1][1]["text"] == "gives bob a subscription"


def test_words_are_escaped() -> None:
    assert told(gifted(1, 1, recipient="<b>"))[1][1]["text"] == "gives &lt;b&gt; a subscription"


def test_an_alert_that_comes_late_is_not_played_and_nothing_is_told_where_nothing_was_live() -> None:
    late = gifted(1, 5, occurred_at=now() - timedelta(minutes=5))
    assert [name for name, _ in told(late)] == ["sub:gifted"]
    assert told(gifted(1, 5, stream_id=None)) == []
    assert told(FollowAdded(stream_id=uuid7(), user_id=uuid7())) == []


def test_who_begins_to_subscribe_has_an_alert() -> None:
    event = SubscriptionStarted(
        stream_id=uuid7(),
        user_id=uuid7(),
        subscription_id=uuid7(),
        handle="ada",
        tier=3,
        amount_minor=2499,
        currency="usd",
        state="active",
        since=now(),
        until=now(),
    )
    assert [(name, data["kind"], data["text"]) for name, data in told(event)] == [
        ("overlay:trigger", "sub.started", "subscribes, tier 3")
    ]
