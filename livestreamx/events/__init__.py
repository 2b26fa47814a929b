"""Every Kafka event: a tagged union of frozen Structs, encoded as one flat JSON object.

Additive changes only: a new field has a default; a change of meaning is a new type. `docs/events.md` is made from here.
"""

from typing import get_args

import msgspec

from livestreamx.events.challenges import (
    CHALLENGE_KINDS,
    ChallengeCancelled,
    ChallengeCompleted,
    ChallengeContributed,
    ChallengeCreated,
    ChallengeEnd,
    ChallengeEvent,
    ChallengeFailed,
    ChallengeKind,
    ChallengeProgress,
    ChallengeStarted,
    ChallengeStep,
)
from livestreamx.events.discovery import (
    RecommendationClicked,
    RecommendationShown,
    SearchQueried,
)
from livestreamx.events.earnings import (
    EarningsContested,
    LimitsChanged,
    PayoutMoved,
    PurchaseRefund,
)
from livestreamx.events.economy import (
    CommandDone,
    CommandEvent,
    CommandExpired,
    CommandQueued,
    CommandRejected,
    CommandStarted,
    FraudFlagged,
    GiftClawback,
    GiftRefunded,
    GiftSent,
    MinigameEnded,
    MinigameStarted,
    PackPurchased,
    SceneChanged,
    Tokens,
    TokensGranted,
    TokensReversed,
    WalletLocked,
    WalletUnlocked,
)
from livestreamx.events.envelope import (
    Event,
)
from livestreamx.events.interactions import (
    MOODS,
    ChatCleared,
    ChatDeleted,
    ChatHeld,
    ChatMessage,
    Mood,
    ReactionSent,
    ViewerHeartbeat,
    ViewerJoined,
    ViewerLeft,
)
from livestreamx.events.lifecycle import (
    CreatorEnrolled,
    FollowAdded,
    FollowRemoved,
    RoleGranted,
    RoleRevoked,
    StreamArchived,
    StreamCancelled,
    StreamEnded,
    StreamEvent,
    StreamScheduled,
    StreamStarted,
    UserRegistered,
)
from livestreamx.events.moderation import (
    BlockedTermAdded,
    BlockedTermRemoved,
    ChatModeChanged,
    ChatPinChanged,
    ChatPolicyChanged,
    ChatRejected,
    ModerationEvent,
    ModeratorGranted,
    ModeratorRevoked,
    PersonBanned,
    PersonUnbanned,
    ReportClosed,
    ReportFiled,
    UnbanDecided,
    UnbanRequested,
)
from livestreamx.events.polls import (
    PollCreated,
    PollEnded,
    PollVoted,
)
from livestreamx.events.privacy import (
    HistoryDeleted,
    RecommendationsChosen,
)
from livestreamx.events.questions import (
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionDismissed,
    QuestionEvent,
    QuestionExpired,
    QuestionUpvoted,
)
from livestreamx.events.raids import (
    RaidCancelled,
    RaidEvent,
    RaidLaunched,
    RaidStarted,
)
from livestreamx.events.segments import (
    SegmentEnd,
    SegmentEvent,
    SegmentFailed,
    SegmentLoading,
    SegmentMoved,
    SegmentPlayed,
    SegmentQueued,
    SegmentSkipped,
    SegmentStarted,
)
from livestreamx.events.signals import (
    BadgeEarned,
    LevelReached,
    MomentDetected,
    MoodChanged,
)
from livestreamx.events.subscriptions import (
    SubscriptionCanceled,
    SubscriptionEvent,
    SubscriptionExpired,
    SubscriptionGifted,
    SubscriptionOverdue,
    SubscriptionPaid,
    SubscriptionRenewed,
    SubscriptionReversed,
    SubscriptionStarted,
)
from livestreamx.events.vods import (
    VodChanged,
    VodEvent,
    VodRemoved,
    VodUploaded,
)

__all__ = [
    "CHALLENGE_KINDS",
    "EVENTS",
    "MOODS",
    "AnyEvent",
    "BadgeEarned",
    "BlockedTermAdded",
    "BlockedTermRemoved",
    "ChallengeCancelled",
    "ChallengeCompleted",
    "ChallengeContributed",
    "ChallengeCreated",
    "ChallengeEnd",
    "ChallengeEvent",
    "ChallengeFailed",
    "ChallengeKind",
    "ChallengeProgress",
    "ChallengeStarted",
    "ChallengeStep",
    "ChatCleared",
    "ChatDeleted",
    "ChatHeld",
    "ChatMessage",
    "ChatModeChanged",
    "ChatPinChanged",
    "ChatPolicyChanged",
    "ChatRejected",
    "CommandDone",
    "CommandEvent",
    "CommandExpired",
    "CommandQueued",
    "CommandRejected",
    "CommandStarted",
    "CreatorEnrolled",
    "EarningsContested",
    "Event",
    "FollowAdded",
    "FollowRemoved",
    "FraudFlagged",
    "GiftClawback",
    "GiftRefunded",
    "GiftSent",
    "HistoryDeleted",
    "LevelReached",
    "LimitsChanged",
    "MinigameEnded",
    "MinigameStarted",
    "ModerationEvent",
    "ModeratorGranted",
    "ModeratorRevoked",
    "MomentDetected",
    "Mood",
    "MoodChanged",
    "PackPurchased",
    "PayoutMoved",
    "PersonBanned",
    "PersonUnbanned",
    "PollCreated",
    "PollEnded",
    "PollVoted",
    "PurchaseRefund",
    "QuestionAnswered",
    "QuestionAsked",
    "QuestionClosed",
    "QuestionDismissed",
    "QuestionEvent",
    "QuestionExpired",
    "QuestionUpvoted",
    "RaidCancelled",
    "RaidEvent",
    "RaidLaunched",
    "RaidStarted",
    "ReactionSent",
    "RecommendationClicked",
    "RecommendationShown",
    "RecommendationsChosen",
    "ReportClosed",
    "ReportFiled",
    "RoleGranted",
    "RoleRevoked",
    "SceneChanged",
    "SearchQueried",
    "SegmentEnd",
    "SegmentEvent",
    "SegmentFailed",
    "SegmentLoading",
    "SegmentMoved",
    "SegmentPlayed",
    "SegmentQueued",
    "SegmentSkipped",
    "SegmentStarted",
    "StreamArchived",
    "StreamCancelled",
    "StreamEnded",
    "StreamEvent",
    "StreamScheduled",
    "StreamStarted",
    "SubscriptionCanceled",
    "SubscriptionEvent",
    "SubscriptionExpired",
    "SubscriptionGifted",
    "SubscriptionOverdue",
    "SubscriptionPaid",
    "SubscriptionRenewed",
    "SubscriptionReversed",
    "SubscriptionStarted",
    "Tokens",
    "TokensGranted",
    "TokensReversed",
    "UnbanDecided",
    "UnbanRequested",
    "UserRegistered",
    "ViewerHeartbeat",
    "ViewerJoined",
    "ViewerLeft",
    "VodChanged",
    "VodEvent",
    "VodRemoved",
    "VodUploaded",
    "WalletLocked",
    "WalletUnlocked",
    "decode",
    "encode",
    "tag_of",
]

AnyEvent = (
    ViewerJoined | ViewerHeartbeat | ViewerLeft | ChatMessage | ChatDeleted | ChatCleared | ChatHeld | ReactionSent
    | GiftSent | GiftRefunded | GiftClawback | PackPurchased | TokensGranted | TokensReversed | FraudFlagged
    | WalletLocked | WalletUnlocked
    | CommandQueued | CommandStarted | CommandDone | CommandRejected | CommandExpired | SceneChanged
    | MinigameStarted | MinigameEnded
    | EarningsContested | PurchaseRefund | LimitsChanged | PayoutMoved
    | SubscriptionStarted | SubscriptionRenewed | SubscriptionOverdue | SubscriptionCanceled | SubscriptionExpired
    | SubscriptionReversed | SubscriptionGifted
    | UserRegistered | CreatorEnrolled | RoleGranted | RoleRevoked
    | StreamScheduled | StreamStarted | StreamEnded | StreamArchived
    | StreamCancelled
    | FollowAdded | FollowRemoved
    | ModeratorGranted | ModeratorRevoked | PersonBanned | PersonUnbanned | UnbanRequested | UnbanDecided
    | ReportFiled | ReportClosed | ChatRejected | ChatModeChanged | ChatPinChanged | ChatPolicyChanged
    | BlockedTermAdded | BlockedTermRemoved
    | PollCreated | PollVoted | PollEnded
    | QuestionAsked | QuestionUpvoted | QuestionAnswered | QuestionDismissed | QuestionExpired
    | ChallengeCreated | ChallengeStarted | ChallengeProgress | ChallengeCompleted | ChallengeContributed
    | ChallengeFailed | ChallengeCancelled
    | RaidStarted | RaidLaunched | RaidCancelled
    | VodUploaded | VodChanged | VodRemoved
    | SegmentQueued | SegmentMoved | SegmentLoading | SegmentStarted | SegmentPlayed | SegmentSkipped | SegmentFailed
    | RecommendationShown | RecommendationClicked | SearchQueried
    | HistoryDeleted | RecommendationsChosen
    | MoodChanged | LevelReached | BadgeEarned | MomentDetected
)  # fmt: skip

EVENTS: tuple[type[Event], ...] = get_args(AnyEvent)

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[AnyEvent] = msgspec.json.Decoder(AnyEvent)


def encode(event: Event) -> bytes:
    """The event as one JSON object."""
    return _encoder.encode(event)


def decode(record: bytes) -> AnyEvent:
    """The event in a record; `msgspec.DecodeError` or `msgspec.ValidationError` says what is wrong with it."""
    return _decoder.decode(record)


def tag_of(event: type[Event]) -> str:
    """The type tag, such as `chat.message`."""
    return str(event.__struct_config__.tag)
