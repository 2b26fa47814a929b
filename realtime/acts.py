"""What the client's frames do in a room: one entry an event, a method of the class that holds what it needs.

Signing in, resuming and heartbeats are the gateway's own and stand there.
"""

from livestreamx.engines.throttle import Throttle
from realtime.challenges import Challenges
from realtime.chat import Chat
from realtime.context import Context
from realtime.gifts import Gifts
from realtime.moderation import Moderation
from realtime.moods import Moods
from realtime.overlays import Overlays
from realtime.polls import Polls
from realtime.questions import Questions
from realtime.rooms import Rooms
from realtime.segments import Segments
from realtime.session import Handler


def make_acts(context: Context, rooms: Rooms) -> dict[str, Handler]:
    """The handlers by event; each takes the session and the frame's data, and answers with the ack's data."""
    throttle = Throttle(context.redis)
    challenges, polls, questions = Challenges(context), Polls(context), Questions(context, throttle)
    moderation = Moderation(context.chat)
    return {
        "challenge:cancel": challenges.cancel,
        "challenge:start": challenges.start,
        "chat:clear": moderation.clear,
        "chat:delete": moderation.delete,
        "chat:message": Chat(context, rooms, context.chat.showing).say,
        "chat:mode": moderation.set_mode,
        "chat:pin": moderation.pin,
        "chat:unpin": moderation.unpin,
        "gift:send": Gifts(context.gifts, context.guard).send,
        "mood:react": Moods(rooms, context.emitter, throttle).react,
        "overlay:test": Overlays(context.bus, throttle).test,
        "poll:create": polls.create,
        "poll:end": polls.end,
        "poll:vote": polls.vote,
        "qa:answer": questions.answer,
        "qa:ask": questions.ask,
        "qa:dismiss": questions.dismiss,
        "qa:upvote": questions.upvote,
        "segment:skip": Segments(context.pool).skip,
    }
