"""A client of the platform: REST calls of one account, and a room's socket that reconnects and resumes.

It knows the public contract only, so simulations, replays and tests see what any app would see.
"""

from livestreamx.client.account import Account
from livestreamx.client.refusals import NotConnected, Refused, Unanswered
from livestreamx.client.room import Room

__all__ = ["Account", "NotConnected", "Refused", "Room", "Unanswered"]
