"""What the room sees of polls, questions, challenges and raids: each event that is a frame, and that frame."""

from collections.abc import Mapping
from typing import Any, Literal
from uuid import UUID

from livestreamx.events import (
    ChallengeCancelled,
    ChallengeCompleted,
    ChallengeCreated,
    ChallengeEnd,
    ChallengeFailed,
    ChallengeStarted,
    ChallengeStep,
    Event,
    PollCreated,
    PollEnded,
    QuestionAnswered,
    QuestionAsked,
    QuestionClosed,
    QuestionDismissed,
    RaidCancelled,
    RaidEvent,
    RaidLaunched,
    RaidStarted,
)
from livestreamx.frames import (
    ChallengeState,
    PollChoice,
    PollResult,
    PollState,
    QuestionState,
    RaidArrive,
    RaidCancel,
    RaidGo,
    RaidStart,
    RaidTarget,
)

Frame = tuple[UUID | str, str, Any, UUID | str | None]

CHALLENGE: Mapping[type[ChallengeStep], Literal["pending", "active", "completed", "failed", "cancelled"]] = {
    ChallengeCreated: "pending",
    ChallengeStarted: "active",
    ChallengeCompleted: "completed",
    ChallengeFailed: "failed",
    ChallengeCancelled: "cancelled",
}


def poll_state(event: PollCreated) -> PollState:
    """A poll that nobody has voted in."""
    return PollState(
        pollId=event.poll_id,
        question=event.question,
        choices=tuple(PollChoice(id=number, text=text, votes=0) for number, text in enumerate(event.choices, 1)),
        voters=0,
        by=event.handle,
        endsAt=event.ends_at,
    )


def poll_result(event: PollEnded) -> PollResult:
    choices = enumerate(zip(event.choices, event.votes, strict=True), 1)
    return PollResult(
        pollId=event.poll_id,
        question=event.question,
        results=tuple(PollChoice(id=number, text=text, votes=votes) for number, (text, votes) in choices),
        voters=event.voters,
        winner=event.winner,
        tie=event.tie,
        state=event.state,
    )


def question_state(event: QuestionAsked) -> QuestionState:
    """A question that nobody has voted for."""
    return QuestionState(
        questionId=event.question_id, handle=event.handle, text=event.text, votes=0, askedAt=event.occurred_at
    )


def closed_question(event: QuestionClosed, state: Literal["answered", "dismissed"]) -> QuestionState:
    return QuestionState(
        questionId=event.question_id,
        handle=event.handle,
        text=event.text,
        votes=event.votes,
        askedAt=event.asked_at,
        state=state,
    )


def challenge_state(event: ChallengeStep) -> ChallengeState:
    end = event if isinstance(event, ChallengeEnd) else None
    return ChallengeState(
        challengeId=event.challenge_id,
        type=event.kind,
        target=event.target,
        progress=end.progress if end else 0,
        reward=event.reward,
        by=event.handle,
        startsAt=event.starts_at,
        endsAt=event.ends_at,
        state=CHALLENGE[type(event)],
        contributors=end.contributors if end else None,
    )


def raid_frames(event: RaidEvent, stream: UUID) -> list[Frame]:
    """A raid, in the room that goes and in the one that it comes to."""
    target = RaidTarget(streamId=event.target_id, creator=event.target_handle, title=event.target_title)
    match event:
        case RaidStarted():
            start = RaidStart(raidId=event.raid_id, target=target, goesAt=event.goes_at)
            return [(stream, "raid:start", start, event.event_id)]
        case RaidLaunched():
            go = RaidGo(raidId=event.raid_id, target=target, viewers=event.viewers)
            arrive = RaidArrive(raidId=event.raid_id, streamId=stream, creator=event.handle, viewers=event.viewers)
            return [
                (stream, "raid:go", go, event.event_id),
                (event.target_id, "raid:arrive", arrive, event.event_id),
            ]
        case RaidCancelled():
            cancel = RaidCancel(raidId=event.raid_id, reason=event.reason)
            return [(stream, "raid:cancel", cancel, event.event_id)]
    return []


def frames_of(event: Event) -> list[Frame]:
    """The frames of an event of these kinds; none for any other. What is only counted is told once a second."""
    stream, name = event.stream_id, ""
    data: Any = None
    match event:
        case PollCreated():
            name, data = "poll:update", poll_state(event)
        case PollEnded():
            name, data = "poll:end", poll_result(event)
        case QuestionAsked():
            name, data = "qa:update", question_state(event)
        case QuestionAnswered():
            name, data = "qa:update", closed_question(event, "answered")
        case QuestionDismissed():
            name, data = "qa:update", closed_question(event, "dismissed")
        case ChallengeStep():
            name, data = "challenge:update", challenge_state(event)
        case RaidEvent() if stream is not None:
            return raid_frames(event, stream)
    return [] if data is None or stream is None else [(stream, name, data, event.event_id)]
