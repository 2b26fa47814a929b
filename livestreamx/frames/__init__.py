"""Every websocket frame, both directions, by name: the Struct of its `data`, its channel and who may send it.

A client frame is `{"event","id","data"}`, a server frame `{"event","seq","ts","data"}`; private frames carry no `seq`.
"""

from typing import Annotated, Literal

import msgspec

from livestreamx.frames.answers import (
    ChallengeCancelled,
    ChallengeMade,
    ChatAccepted,
    Done,
    GiftCharged,
    MessageDeleted,
    ModeSet,
    PollEnded,
    PollOpened,
    QuestionAsked,
    QuestionClosed,
    QuestionUpvoted,
    Resumed,
    SignedIn,
    VoteCounted,
)
from livestreamx.frames.challenges import (
    CancelChallenge,
    ChallengeSeconds,
    ChallengeState,
    ChallengeTarget,
    RewardText,
    StartChallenge,
)
from livestreamx.frames.chat import (
    ChatCleared,
    ChatDeletedFrame,
    ChatHeld,
    ChatMode,
    ChatPinned,
    ChatShown,
    PinnedMessage,
)
from livestreamx.frames.delivery import (
    Drain,
    FramesDropped,
)
from livestreamx.frames.gifts import (
    GiftReceived,
    MinigameEnd,
    MinigameStart,
    MinigameUpdate,
    OverlayTrigger,
    SceneState,
    WalletBalance,
)
from livestreamx.frames.moderation import (
    ClearChat,
    DeleteMessage,
    PinMessage,
    SetChatMode,
    StandingChanged,
    UnbanAnswered,
    Unpin,
)
from livestreamx.frames.polls import (
    CastVote,
    ChoiceId,
    CreatePoll,
    EndPoll,
    PollChoice,
    PollChoiceTexts,
    PollQuestion,
    PollResult,
    PollSeconds,
    PollState,
)
from livestreamx.frames.progress import (
    BadgeShown,
    LeaderboardRow,
    LeaderboardUpdate,
    LevelUp,
    MomentShown,
)
from livestreamx.frames.questions import (
    AskQuestion,
    PickQuestion,
    QuestionState,
    QuestionText,
)
from livestreamx.frames.raids import (
    RaidArrive,
    RaidCancel,
    RaidGo,
    RaidStart,
    RaidTarget,
)
from livestreamx.frames.requests import (
    Auth,
    Heartbeat,
    OverlayTest,
    React,
    Request,
    Resume,
    Say,
    SendGift,
)
from livestreamx.frames.room import (
    AuthExpired,
    MoodState,
    Person,
    StreamState,
    ViewerCount,
)
from livestreamx.frames.segments import (
    SegmentOver,
    SegmentStart,
    SkipSegment,
)
from livestreamx.frames.snapshot import (
    ResumeTruncated,
    RoomState,
)
from livestreamx.frames.studio import AnalyticsTick
from livestreamx.frames.subscriptions import SubsGifted

__all__ = [
    "CLIENT_FRAMES",
    "JSON",
    "MSGPACK",
    "PUBLIC_CHANNELS",
    "SERVER_FRAMES",
    "SERVER_ONLY",
    "AnalyticsTick",
    "AskQuestion",
    "Auth",
    "AuthExpired",
    "BadgeShown",
    "CancelChallenge",
    "CastVote",
    "ChallengeSeconds",
    "ChallengeState",
    "ChallengeTarget",
    "Channel",
    "ChatCleared",
    "ChatDeletedFrame",
    "ChatHeld",
    "ChatMode",
    "ChatPinned",
    "ChatShown",
    "ChoiceId",
    "ClearChat",
    "ClientFrame",
    "ClientFrameType",
    "CreatePoll",
    "DeleteMessage",
    "Drain",
    "EndPoll",
    "FramesDropped",
    "GiftReceived",
    "Heartbeat",
    "LeaderboardRow",
    "LeaderboardUpdate",
    "LevelUp",
    "MinigameEnd",
    "MinigameStart",
    "MinigameUpdate",
    "MomentShown",
    "MoodState",
    "OverlayTest",
    "OverlayTrigger",
    "Person",
    "PickQuestion",
    "PinMessage",
    "PinnedMessage",
    "PollChoice",
    "PollChoiceTexts",
    "PollQuestion",
    "PollResult",
    "PollSeconds",
    "PollState",
    "QuestionState",
    "QuestionText",
    "RaidArrive",
    "RaidCancel",
    "RaidGo",
    "RaidStart",
    "RaidTarget",
    "React",
    "Request",
    "Resume",
    "ResumeTruncated",
    "RewardText",
    "RoomState",
    "Say",
    "SceneState",
    "SegmentOver",
    "SegmentStart",
    "SendGift",
    "Sender",
    "ServerFrameType",
    "SetChatMode",
    "SkipSegment",
    "StandingChanged",
    "StartChallenge",
    "StreamState",
    "SubsGifted",
    "UnbanAnswered",
    "Unpin",
    "ViewerCount",
    "WalletBalance",
]

Channel = Literal["chat", "gifts", "mood", "polls", "overlay", "viewers", "stream", "leaderboard", "private"]
PUBLIC_CHANNELS: frozenset[str] = frozenset(
    {"chat", "gifts", "mood", "polls", "overlay", "viewers", "stream", "leaderboard"}
)
Sender = Literal["anyone", "viewer", "moderator"]

# subprotocols
JSON = "livestreamx.v1.json"
MSGPACK = "livestreamx.v1.msgpack"


class ClientFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a client sends; `data` is decoded once `event` has named its type."""

    event: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    id: Annotated[str, msgspec.Meta(max_length=64)] | Annotated[int, msgspec.Meta(ge=0, le=2**53)] | None = None
    data: msgspec.Raw = msgspec.Raw(b"{}")


class ClientFrameType(msgspec.Struct, frozen=True):
    """`answer` is the data of the ack."""

    data: type[Request]
    sender: Sender
    channel: Channel
    answer: type[msgspec.Struct] = Done


class ServerFrameType(msgspec.Struct, frozen=True):
    data: type[msgspec.Struct]
    channel: Channel


CLIENT_FRAMES: dict[str, ClientFrameType] = {
    "auth": ClientFrameType(Auth, "anyone", "private", SignedIn),
    "resume": ClientFrameType(Resume, "anyone", "private", Resumed),
    "viewer:heartbeat": ClientFrameType(Heartbeat, "anyone", "viewers"),
    "chat:message": ClientFrameType(Say, "viewer", "chat", ChatAccepted),
    "chat:delete": ClientFrameType(DeleteMessage, "viewer", "chat", MessageDeleted),
    "chat:pin": ClientFrameType(PinMessage, "moderator", "chat"),
    "chat:unpin": ClientFrameType(Unpin, "moderator", "chat"),
    "chat:clear": ClientFrameType(ClearChat, "moderator", "chat"),
    "chat:mode": ClientFrameType(SetChatMode, "moderator", "chat", ModeSet),
    "gift:send": ClientFrameType(SendGift, "viewer", "gifts", GiftCharged),
    "mood:react": ClientFrameType(React, "viewer", "mood"),
    "poll:vote": ClientFrameType(CastVote, "viewer", "polls", VoteCounted),
    "poll:create": ClientFrameType(CreatePoll, "moderator", "polls", PollOpened),
    "poll:end": ClientFrameType(EndPoll, "moderator", "polls", PollEnded),
    "qa:ask": ClientFrameType(AskQuestion, "viewer", "polls", QuestionAsked),
    "qa:upvote": ClientFrameType(PickQuestion, "viewer", "polls", QuestionUpvoted),
    "qa:answer": ClientFrameType(PickQuestion, "moderator", "polls", QuestionClosed),
    "qa:dismiss": ClientFrameType(PickQuestion, "moderator", "polls", QuestionClosed),
    "challenge:start": ClientFrameType(StartChallenge, "moderator", "polls", ChallengeMade),
    "challenge:cancel": ClientFrameType(CancelChallenge, "moderator", "polls", ChallengeCancelled),
    "segment:skip": ClientFrameType(SkipSegment, "moderator", "stream"),
    "overlay:test": ClientFrameType(OverlayTest, "moderator", "overlay"),
}

SERVER_FRAMES: dict[str, ServerFrameType] = {
    "room:state": ServerFrameType(RoomState, "private"),
    "resume:truncated": ServerFrameType(ResumeTruncated, "private"),
    "frames:dropped": ServerFrameType(FramesDropped, "private"),
    "gateway:drain": ServerFrameType(Drain, "private"),
    "auth:expired": ServerFrameType(AuthExpired, "private"),
    "standing:changed": ServerFrameType(StandingChanged, "private"),
    "unban:answered": ServerFrameType(UnbanAnswered, "private"),
    "wallet:balance": ServerFrameType(WalletBalance, "private"),
    "analytics:tick": ServerFrameType(AnalyticsTick, "private"),
    "chat:message": ServerFrameType(ChatShown, "chat"),
    "chat:mode": ServerFrameType(ChatMode, "chat"),
    "chat:deleted": ServerFrameType(ChatDeletedFrame, "chat"),
    "chat:pinned": ServerFrameType(ChatPinned, "chat"),
    "chat:cleared": ServerFrameType(ChatCleared, "chat"),
    "chat:held": ServerFrameType(ChatHeld, "private"),
    "gift:received": ServerFrameType(GiftReceived, "gifts"),
    "sub:gifted": ServerFrameType(SubsGifted, "gifts"),
    "overlay:trigger": ServerFrameType(OverlayTrigger, "overlay"),
    "minigame:start": ServerFrameType(MinigameStart, "overlay"),
    "minigame:update": ServerFrameType(MinigameUpdate, "overlay"),
    "minigame:end": ServerFrameType(MinigameEnd, "overlay"),
    "poll:update": ServerFrameType(PollState, "polls"),
    "poll:end": ServerFrameType(PollResult, "polls"),
    "qa:update": ServerFrameType(QuestionState, "polls"),
    "challenge:update": ServerFrameType(ChallengeState, "polls"),
    "raid:start": ServerFrameType(RaidStart, "stream"),
    "raid:go": ServerFrameType(RaidGo, "stream"),
    "raid:cancel": ServerFrameType(RaidCancel, "stream"),
    "raid:arrive": ServerFrameType(RaidArrive, "stream"),
    "mood:state": ServerFrameType(MoodState, "mood"),
    "viewer:count": ServerFrameType(ViewerCount, "viewers"),
    "stream:state": ServerFrameType(StreamState, "stream"),
    "leaderboard:update": ServerFrameType(LeaderboardUpdate, "leaderboard"),
    "level:up": ServerFrameType(LevelUp, "leaderboard"),
    "badge:earned": ServerFrameType(BadgeShown, "leaderboard"),
    "segment:start": ServerFrameType(SegmentStart, "stream"),
    "segment:end": ServerFrameType(SegmentOver, "stream"),
    "moment:detected": ServerFrameType(MomentShown, "stream"),
}

SERVER_ONLY: frozenset[str] = frozenset(SERVER_FRAMES) - frozenset(CLIENT_FRAMES) | frozenset(
    "chat:deleted chat:pinned notify:new ack error".split()
)
"""Names that a client may not send: what the server sends today, and the names kept for it."""
