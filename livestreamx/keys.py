"""Every Redis key and channel, as functions. The part in braces keeps one room's keys on one cluster node."""

from uuid import UUID

Id = UUID | str


# the room bus: one Redis Stream a room is bus and history at once


def room_frames(stream: Id) -> str:
    """Stream of frames, entry id `<seq>-0`."""
    return f"room:{{{stream}}}:frames"


def room_seq(stream: Id) -> str:
    """Counter: the last sequence number given."""
    return f"room:{{{stream}}}:seq"


def room_epoch(stream: Id) -> str:
    """Random name of this numbering; a new one means that history was lost."""
    return f"room:{{{stream}}}:epoch"


def room_once(stream: Id, cause: Id) -> str:
    """Guard: the event that already became a frame."""
    return f"room:{{{stream}}}:once:{cause}"


def room_state(stream: Id) -> str:
    """Hash of JSON texts, what a newcomer is told: `stream mood poll challenge questions scene minigame segment`."""
    return f"room:{{{stream}}}:state"


def room_chat(stream: Id) -> str:
    """List: the last chat frames' data, newest first."""
    return f"room:{{{stream}}}:chat"


def room_viewers(stream: Id) -> str:
    """ZSET: viewer -> last heartbeat, ms."""
    return f"room:{{{stream}}}:viewers"


def room_counter(stream: Id) -> str:
    """Lease of the gateway that counts this room's viewers."""
    return f"room:{{{stream}}}:counter"


def gateway_wake(gateway: str) -> str:
    """Stream: an entry makes that gateway's reader look at its list of rooms again."""
    return f"gateway:{gateway}:wake"


def person_channel(user: Id) -> str:
    """Pub/sub: frames for every socket of one person."""
    return f"person:{user}"


def live_streams() -> str:
    """ZSET: live stream -> start, ms."""
    return "live:streams"


def game_acts(stream: Id, second: int) -> str:
    """Hash: `<user>:<mood>` -> reactions and `<user>:gift` -> tokens of one second (since the epoch), for games."""
    return f"room:{{{stream}}}:acts:{second}"


# what the audience does together, as the `audience` flow counts it


def poll(poll_id: Id) -> str:
    """Hash of a poll that is on: `id`, `stream`, `about` (JSON), and its votes by number of the choice."""
    return f"poll:{poll_id}"


def questions(stream: Id) -> str:
    """Hash: open question -> JSON of it, without its votes."""
    return f"stream:{{{stream}}}:questions"


def question_votes(stream: Id) -> str:
    """ZSET: open question -> votes."""
    return f"stream:{{{stream}}}:questions:votes"


def challenge(creator: Id) -> str:
    """Hash of the channel's challenge: `id`, `kind`, `stream`, `from`, `until` (s), `about`, `people`, `progress`."""
    return f"challenge:{{{creator}}}"


def challenge_acts(creator: Id, minute: int) -> str:
    """Hash: `<second>:<kind>:<user>` -> what counts in a challenge of that kind; times since the epoch."""
    return f"challenge:{{{creator}}}:acts:{minute}"


def challenge_people(challenge_id: Id) -> str:
    """Hash: user -> what they gave to a challenge."""
    return f"challenge:{challenge_id}:people"


def challenges_by_viewers() -> str:
    """SET of the creators whose challenge is to be watched by so many."""
    return "challenges:concurrents"


def audience_changes() -> str:
    """Hash: `poll:<id>`, `question:<stream>:<id>`, `questions:<stream>`, `challenge:<creator>` -> how often it changed
    since its room was told."""
    return "audience:changes"


def audience_teller() -> str:
    """Lease of the process that tells the rooms."""
    return "audience:teller"


# limits


def limit(scope: str, who: str) -> str:
    """GCRA state of one limit, such as `chat:user`."""
    return f"limit:{scope}:{who}"


def room_slow(stream: Id) -> str:
    """Set while a flooded room is in slow mode."""
    return f"room:{{{stream}}}:slow"


def chat_said(stream: Id, user: Id) -> str:
    """List: the last texts of one viewer in a room, `<ms>:<same>:<simhash high>:<low>`, newest first."""
    return f"room:{{{stream}}}:said:{user}"


def chat_alike(stream: Id, band: str) -> str:
    """SET: who said something in a room lately that shares this band of its SimHash."""
    return f"room:{{{stream}}}:alike:{band}"


def chat_unique(stream: Id) -> str:
    """ZSET: text -> ms, of what was said in a room where nothing may be said twice."""
    return f"room:{{{stream}}}:unique"


def chat_author(message: Id) -> str:
    """`<stream>:<user>` of a message, for a day."""
    return f"chat:{message}:author"


def chat_filters(creator: Id | None) -> str:
    """Name of the version of a channel's filters, or with None of the platform's list, that is in force."""
    return f"chat:filters:{creator or 'platform'}"


def gift_sends(user: Id) -> str:
    """ZSET: idempotency key -> ms, of the gifts that somebody sent a moment ago."""
    return f"gifts:{{{user}}}:sends"


def gift_tokens(user: Id) -> str:
    """ZSET: idempotency key -> ms, of the last hour's gifts of a young account."""
    return f"gifts:{{{user}}}:tokens"


def gift_amounts(user: Id) -> str:
    """Hash: idempotency key -> tokens, beside `gift_tokens`."""
    return f"gifts:{{{user}}}:amounts"


# results of the dataflows


def flow_offsets(flow: str) -> str:
    """Hash: `<topic>:<partition>` -> next offset; written together with the results, so that they cannot disagree."""
    return f"flow:{flow}:offsets"


def flow_seen(flow: str, place: str, block: int) -> str:
    """Ids, 16 bytes each, of the events of one partition and block of minutes that a flow has counted."""
    return f"flow:{flow}:seen:{place}:{block}"


def flow_memory(flow: str, place: str) -> str:
    """Hash: what a flow must know of one partition to go on after a restart."""
    return f"flow:{flow}:memory:{place}"


def handles() -> str:
    """Hash: user -> handle, as last seen in an event."""
    return "people:handles"


def board(name: str, scope: str, ref: str) -> str:
    """ZSET: user -> composite score (see features/leaderboards.py)."""
    return f"board:{name}:{scope}:{ref}"


def board_totals(name: str, scope: str, ref: str) -> str:
    """Hash: user -> plain total behind the composite score."""
    return f"board:{name}:{scope}:{ref}:totals"


def stream_metrics(stream: Id) -> str:
    """Hash of live totals: `messages`, `reactions`, `gifts`, `tokens`, `watchedMs`, `asOf` (ms since the epoch).

    And how many people were `chatters`, `reactors`, `gifters` and `watchers` (readers too).
    """
    return f"stream:{{{stream}}}:metrics"


def stream_minute(stream: Id, minute: int) -> str:
    """Hash of one minute's counts; `minute` is minutes since the epoch."""
    return f"stream:{{{stream}}}:minute:{minute}"


def stream_pulse(stream: Id, minute: int) -> str:
    """Hash: second since the epoch -> its sums at rest (see features/pulse.py), of one minute."""
    return f"stream:{{{stream}}}:seconds:{minute}"


def stream_people(stream: Id) -> str:
    """Hash: who took part -> the first letters of what they are: `chatters`, `reactors`, `gifters`, `watchers`."""
    return f"stream:{{{stream}}}:people"


def mood(stream: Id) -> str:
    """JSON: the latest `mood:state`."""
    return f"stream:{{{stream}}}:mood"


def stream_tens(stream: Id) -> str:
    """Hash: what happened in each ten seconds of a stream, `<ten seconds since the epoch>:<what>` -> how much."""
    return f"stream:{{{stream}}}:tens"


def highlights_due() -> str:
    """ZSET: `<stream>:<ten seconds>` -> when they can be judged, ms."""
    return "highlights:due"


def velocity(user: Id, hour: int) -> str:
    """Hash: `tokens` and `gifts` that somebody gave within one hour (since the epoch)."""
    return f"velocity:{{{user}}}:{hour}"


def velocity_givers(creator: Id, hour: int) -> str:
    """SET: the new accounts that gave to a creator within one hour."""
    return f"velocity:{{{creator}}}:{hour}:givers"


def velocity_news() -> str:
    """List: who is to be flagged, and why."""
    return "velocity:news"


def experience(user: Id) -> str:
    """Hash: `xp` and `level`."""
    return f"xp:{{{user}}}"


def visits(user: Id) -> str:
    """Bitmap: the days (UTC, since the first of 2020) on which somebody came."""
    return f"xp:{{{user}}}:visits"


def subscribed(user: Id) -> str:
    """Bitmap: the days (UTC, since the first of 2020) for which a subscription of somebody's was paid, or given."""
    return f"xp:{{{user}}}:subscribed"


def achievements(user: Id) -> str:
    """Hash: how often somebody did what badges ask for, and those that count no acts and are earned."""
    return f"xp:{{{user}}}:achievements"


def progress_news() -> str:
    """List: levels reached and badges earned that are not told yet."""
    return "progress:news"


def stream_firsts(stream: Id) -> str:
    """Hash: the first viewers of a stream."""
    return f"stream:{{{stream}}}:firsts"


def stream_crowd(stream: Id, minute: int) -> str:
    """SET: who was seen in a stream within one minute (since the epoch)."""
    return f"stream:{{{stream}}}:crowd:{minute}"


def experience_day(user: Id, day: str) -> str:
    """Hash: what was counted of one day (`yyyy-mm-dd`), and the `xp` it made."""
    return f"xp:{{{user}}}:{day}"


def experience_there(user: Id, day: str, stream: Id) -> str:
    """Hash like `experience_day`: what was counted of one day in one stream."""
    return f"xp:{{{user}}}:{day}:{stream}"


def experience_streams(user: Id, day: str) -> str:
    """SET of the streams in which something of that day was counted."""
    return f"xp:{{{user}}}:{day}:streams"


def promoted_model() -> str:
    """Version of the recommendation artifacts that the API serves."""
    return "model:promoted"


def experiment() -> str:
    """JSON of the experiment that serves a candidate beside the promoted version, empty where none runs."""
    return "model:experiment"


def habits(user: Id) -> str:
    """Hash: creator -> what binds this viewer to them (see features/affinity.py)."""
    return f"habits:{{{user}}}"


def forgotten() -> str:
    """Hash: user -> the instant (s) before which their acts are not to be known; `inf` while they opt out."""
    return "habits:forgotten"


def habits_filled() -> str:
    """The instant (s) up to which a training run has filled in the bonds and trends that the dataflow did not have."""
    return "habits:filled"


def unlisted_streams() -> str:
    """SET of live streams that are not public: watching them makes no habit."""
    return "habits:unlisted"


def trends() -> str:
    """Hash: creator -> how the channel is doing (see features/trend.py)."""
    return "trends"


def media_news(news: str) -> str:
    """Flag: this event of the media server was taken."""
    return f"media:news:{news}"
