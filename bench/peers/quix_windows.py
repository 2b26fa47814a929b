"""Quix Streams: hopping_window().reduce().final(), in an environment of its own."""

import shutil
import tempfile
from datetime import datetime

from quixstreams import Application
from tally import HOP, LATENESS, LENGTH, SLOTS, Tally, add


def main() -> None:
    tally = Tally()
    folder = tempfile.mkdtemp()
    app = Application(
        broker_address=tally.bootstrap,
        consumer_group=f"quix-{tally.topic}",
        auto_offset_reset="earliest",
        use_changelog_topics=False,
        auto_create_topics=False,
        state_dir=folder,
        loglevel="ERROR",
    )

    def moment(value: dict, *_: object) -> int:
        return int(datetime.fromisoformat(value["occurred_at"]).timestamp() * 1000)

    acts = app.dataframe(app.topic(tally.topic, value_deserializer="json", timestamp_extractor=moment))

    def count(sums: "list[int]", act: dict) -> "list[int]":
        return add(sums, act["type"], act.get("mood", ""), act.get("tokens", 0), act.get("accepted", True))

    windows = acts.hopping_window(LENGTH * 1000, HOP * 1000, grace_ms=LATENESS * 1000)
    made = windows.reduce(reducer=count, initializer=lambda act: count([0] * SLOTS, act)).final()

    def take(value: dict, key: object, *_: object) -> None:
        name = key.decode() if isinstance(key, bytes) else str(key)
        tally.take(name, value["start"] // 1000, value["value"])

    made.update(take, metadata=True)
    try:
        app.run(count=tally.count, timeout=30)
        tally.answer()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
