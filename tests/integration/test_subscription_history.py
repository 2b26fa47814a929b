"""Subscriptions in the history: a row an event, however often the log is read."""

from pathlib import Path
from uuid import UUID

import msgspec
from clickhouse_connect.driver.asyncclient import AsyncClient

from livestreamx.clock import now, uuid7
from livestreamx.events import SubscriptionEvent, SubscriptionGifted, decode
from livestreamx.settings import Settings
from tests.integration.test_analytics import archive

RECORDED = Path(__file__).parents[1] / "unit" / "recorded_events.jsonl"


async def test_each_event_is_one_row(settings: Settings, clickhouse: AsyncClient) -> None:
    creator = uuid7()
    told = [
        msgspec.structs.replace(event, event_id=uuid7(), creator_id=creator, occurred_at=now())
        for event in map(decode, RECORDED.read_bytes().splitlines())
        if isinstance(event, SubscriptionEvent | SubscriptionGifted)
    ]
    archive(settings, told)
    archive(settings, told[::-1])
    found = await clickhouse.query(
        "SELECT type, state, tier, amount_minor, recipient_id FROM subscriptions FINAL "
        "WHERE creator_id = {creator:UUID} ORDER BY type",
        parameters={"creator": str(creator)},
    )
    nobody = UUID(int=0)
    assert found.result_rows == [
        ("sub.canceled", "canceled", 2, 999, nobody),
        ("sub.expired", "expired", 2, 999, nobody),
        ("sub.gifted", "active", 1, 499, UUID(int=0x66)),
        ("sub.past_due", "past_due", 2, 999, nobody),
        ("sub.renewed", "active", 2, 999, nobody),
        ("sub.reversed", "expired", 2, 999, nobody),
        ("sub.started", "active", 2, 999, nobody),
    ]
