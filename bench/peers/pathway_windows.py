"""Pathway: windowby(sliding).reduce() over what lies in Kafka, in an environment of its own."""

import pathway as pw
from tally import HOP, LENGTH, MOODS, Tally


class Act(pw.Schema):
    type: str
    occurred_at: str
    stream_id: str
    mood: str = pw.column_definition(default_value="")
    tokens: int = pw.column_definition(default_value=0)
    accepted: bool = pw.column_definition(default_value=True)


def main() -> None:
    tally = Tally()
    settings = {
        "bootstrap.servers": tally.bootstrap,
        "group.id": "pathway",
        "auto.offset.reset": "earliest",
        "session.timeout.ms": "6000",
    }
    acts = pw.io.kafka.read(settings, topic=tally.topic, schema=Act, format="json", mode="static")
    acts = acts.with_columns(
        at=pw.this.occurred_at.dt.strptime("%Y-%m-%dT%H:%M:%S%.fZ", contains_timezone=False).dt.timestamp(unit="s")
    )
    acts = acts.with_columns(second=pw.cast(int, pw.this.at))
    windows = acts.windowby(
        pw.this.second, window=pw.temporal.sliding(hop=HOP, duration=LENGTH), instance=pw.this.stream_id
    )
    sums = {f"m{slot}": pw.reducers.sum(pw.cast(int, pw.this.mood == mood)) for slot, mood in enumerate(MOODS)}
    sums["m7"] = pw.reducers.sum(pw.cast(int, (pw.this.type == "chat.message") & pw.this.accepted))
    sums["m8"] = pw.reducers.sum(pw.if_else(pw.this.type == "gift.sent", pw.this.tokens, 0))
    made = windows.reduce(stream=pw.this._pw_instance, start=pw.this._pw_window_start, m9=pw.reducers.count(), **sums)

    def take(key: object, row: dict, time: int, is_addition: bool) -> None:  # noqa: ARG001 by these names
        if is_addition:
            tally.take(row["stream"], row["start"], [row[f"m{slot}"] for slot in range(10)])

    pw.io.subscribe(made, take)
    pw.run(monitoring_level=pw.MonitoringLevel.NONE)
    tally.answer()


if __name__ == "__main__":
    main()
