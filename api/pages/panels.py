"""The panels of the studio: which numbers each shows, how, and what it says before there are any."""

from typing import Literal

import msgspec

from livestreamx.events import MOODS

Way = Literal["number", "percent", "minutes", "duration", "money", "word"]
Kind = Literal["area", "bars", "share", "mood", "funnel", "people", "polls", "moments", "clips"]


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """A number: `key` of the totals of `panel`, and how it is written."""

    label: str
    panel: str
    key: str
    way: Way = "number"


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """`fields` of the series of `name` are shown as `kind`; `empty` is said before there is data."""

    name: str
    title: str
    kind: Kind
    fields: tuple[str, ...]
    empty: str
    totals: tuple[Total, ...] = ()
    width: Literal["one", "two", "broad"] = "one"
    settles: int = 0
    """While a stream is live its last seconds are not drawn: sessions are known up to their last heartbeat only."""

    @property
    def is_chart(self) -> bool:
        """Whether it is drawn; the others are lists."""
        return self.kind in ("area", "bars", "share", "mood")


def totals(panel: str, *entries: tuple[str, str] | tuple[str, str, Way]) -> tuple[Total, ...]:
    """Totals of one panel, by label, key and way."""
    return tuple(
        Total(panel=panel, label=label, key=key, way=way[0] if way else "number") for label, key, *way in entries
    )


VIEWERS = totals(
    "viewers",
    ("Average viewers", "acv"),
    ("Peak viewers", "peak"),
    ("Unique viewers", "unique"),
    ("Minutes watched", "minutesWatched", "minutes"),
    ("Average watch", "avgWatchMs", "duration"),
    ("Engaged", "engaged"),
    ("Anonymous", "anonymous"),
)
CHAT = totals("chat", ("Messages", "messages"), ("Chatters", "chatters"))
GIFTS = totals(
    "gifts",
    ("Tokens", "tokens"),
    ("Paid", "paid"),
    ("Bonus", "bonus"),
    ("Your part", "netCents", "money"),
    ("Gifts", "count"),
    ("Givers", "gifters"),
)
RATE = totals("engagement", ("Take part", "rate", "percent"), ("People", "engaged"), ("Reactions", "reactions"))
FOLLOWERS = totals("followers", ("Growth", "growth"), ("Follows", "followed"), ("Taken back", "unfollowed"))

AUDIENCE = Panel(
    name="viewers",
    title="Viewers",
    kind="area",
    fields=("viewers",),
    empty="How many watch, minute by minute. Nobody has yet: share the address of the watch page.",
    totals=VIEWERS[4:],
    width="broad",
    settles=30,
)
WATCHED = msgspec.structs.replace(
    AUDIENCE, kind="bars", fields=("minutes", "viewers"), empty="Minutes watched, day by day, once you were live."
)
GIVEN = Panel(
    name="gifts",
    title="Gifts",
    kind="bars",
    fields=("tokens", "paid"),
    empty="Tokens by the minute and by gift. The first gift shows up here.",
    totals=GIFTS,
    width="two",
)
TALK = Panel(
    name="chat",
    title="Chat",
    kind="bars",
    fields=("messages", "chatters"),
    empty="Messages, and how many people wrote them. Nobody has said anything yet.",
    totals=CHAT,
)
FOLLOWED = Panel(
    name="followers",
    title="Followers",
    kind="bars",
    fields=("followed", "unfollowed"),
    empty="Who comes to stay, and from where. Nobody has followed in this time.",
    totals=FOLLOWERS,
)
RETURNING = Panel(
    name="returning",
    title="New and returning",
    kind="bars",
    fields=("new", "returning"),
    empty="Who is here for the first time. Counts those who stay a minute.",
    totals=totals(
        "returning", ("New", "new"), ("Returning", "returning"), ("Share returning", "returningShare", "percent")
    ),
)
ENGAGEMENT = Panel(
    name="engagement",
    title="Engagement",
    kind="area",
    fields=("messages", "reactions", "votes", "gifts"),
    empty="Messages, reactions, votes, questions and gifts. Nobody has taken part yet.",
    totals=RATE,
)
RETENTION = Panel(
    name="retention",
    title="Retention",
    kind="share",
    fields=("share",),
    empty="How long people stay. Fills as soon as somebody has watched for a minute.",
    totals=totals("retention", ("Average stay", "averageMinutes", "minutes"), ("Viewers", "viewers")),
)
FUNNEL = Panel(
    name="funnel",
    title="From shown to giving",
    kind="funnel",
    fields=("people",),
    empty="The way from a recommendation to a gift. Starts when the stream is recommended to somebody.",
)
SUPPORTERS = Panel(
    name="supporters",
    title="Top supporters",
    kind="people",
    fields=("handle", "gifts", "tokens", "paid"),
    empty="Who gave the most. Their names appear with the first gift.",
    totals=totals("supporters", ("Supporters", "supporters"), ("Tokens", "tokens")),
)
HIGHLIGHTS = Panel(
    name="highlights",
    title="Highlights",
    kind="moments",
    fields=("score", "messages", "reactions", "tokens"),
    empty="Moments in which far more happened than before, found by themselves. None has stood out yet.",
    totals=totals("highlights", ("Moments", "moments"), ("Best score", "best")),
)
CLIPS = Panel(
    name="segments",
    title="Clips in the show",
    kind="clips",
    fields=("title", "seconds", "outcome"),
    empty="Clips that slid into the show, and how they ended. None has been on air.",
    totals=totals("segments", ("Clips", "segments"), ("Played to the end", "played")),
)
POLLS = Panel(
    name="polls",
    title="Polls and questions",
    kind="polls",
    fields=("votes", "voters", "viewers", "turnout"),
    empty="Results and turnout of polls that are over, and how many questions were answered.",
    totals=totals(
        "polls",
        ("Turnout", "averageTurnout", "percent"),
        ("Questions", "questions"),
        ("Answered", "answeredRate", "percent"),
    ),
)

STREAM_PANELS = (
    AUDIENCE,
    Panel(
        name="mood",
        title="Mood",
        kind="mood",
        fields=MOODS,
        empty="What the room feels, from reactions and emotes. None so far.",
        totals=totals("mood", ("Mostly", "dominant", "word"), ("Changes", "transitions")),
        settles=15,
        width="two",
    ),
    TALK,
    GIVEN,
    RETENTION,
    ENGAGEMENT,
    FUNNEL,
    SUPPORTERS,
    HIGHLIGHTS,
    POLLS,
    CLIPS,
    Panel(
        name="density",
        title="Comment density",
        kind="area",
        fields=("density",),
        empty="Messages for each minute that somebody watched. Needs viewers and chat.",
        totals=totals(
            "density", ("Messages a viewer-minute", "density"), ("Viewer-minutes", "viewerMinutes", "minutes")
        ),
        settles=30,
    ),
    Panel(
        name="velocity",
        title="Reaction velocity",
        kind="area",
        fields=("velocity", "fastest"),
        empty="Reactions a second. Nobody has reacted yet.",
        totals=totals("velocity", ("Fastest a second", "fastest"), ("Reactions", "reactions")),
    ),
    RETURNING,
    FOLLOWED,
)
STREAM_TOTALS = (*VIEWERS[:5], *CHAT[:1], GIFTS[0], RATE[0])

CHANNEL_PANELS = (WATCHED, GIVEN, FOLLOWED, RETURNING, TALK, SUPPORTERS)
CHANNEL_TOTALS = (VIEWERS[3], *VIEWERS[:3], CHAT[0], GIFTS[0], GIFTS[3], FOLLOWERS[0])
