"""What brings a client into step with a room."""

import msgspec

from livestreamx.frames.challenges import ChallengeState
from livestreamx.frames.chat import ChatMode, ChatShown, PinnedMessage
from livestreamx.frames.gifts import MinigameStart, SceneState
from livestreamx.frames.polls import PollState
from livestreamx.frames.questions import QuestionState
from livestreamx.frames.room import MoodState, StreamState
from livestreamx.frames.segments import SegmentStart


class RoomState(msgspec.Struct, frozen=True, kw_only=True):
    """The snapshot a newcomer gets; the next sequenced frame is `seq + 1`."""

    epoch: str
    seq: int
    stream: StreamState | None
    mood: MoodState | None
    poll: PollState | None
    challenge: ChallengeState | None
    questions: tuple[QuestionState, ...]
    """The open ones with the most votes, most first."""
    scene: SceneState | None
    minigame: MinigameStart | None
    segment: SegmentStart | None
    """The clip that is on air; `ts` of this frame less its `startedAt` is where it is."""
    viewers: int
    chat: tuple[ChatShown, ...]
    """Recent messages, oldest first."""
    mode: ChatMode
    pinned: PinnedMessage | None


class ResumeTruncated(msgspec.Struct, frozen=True, kw_only=True):
    """The gap is older than the history; a fresh `room:state` follows."""

    epoch: str
    seq: int
