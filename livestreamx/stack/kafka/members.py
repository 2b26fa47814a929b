"""A consumer group's members as the coordinator knows them, and what a join answers them."""

import asyncio
from dataclasses import dataclass
from typing import NamedTuple


class Joined(NamedTuple):
    """Answer to a join: the generation's number, its chosen protocol, its leader and, for the leader, the members."""

    generation: int
    protocol: str
    leader_id: str
    member_id: str
    members: list[tuple[str, bytes]]


class JoinRequest(NamedTuple):
    """What a consumer says when it joins; time-outs are in seconds, protocols map a name to metadata by preference."""

    member_id: str
    client_id: str
    client_host: str
    session_timeout: float
    rebalance_timeout: float
    protocol_type: str
    protocols: dict[str, bytes]


@dataclass(slots=True, eq=False)
class Member:
    """One consumer; `joining` and `syncing` are its unanswered requests, `deadline` is loop time."""

    id: str
    request: JoinRequest
    deadline: float
    joining: asyncio.Future[Joined] | None = None
    syncing: asyncio.Future[bytes] | None = None
    assignment: bytes = b""

    @property
    def is_waiting(self) -> bool:
        """Whether we owe it an answer: then it cannot send heartbeats."""
        return self.joining is not None or self.syncing is not None


def choose_protocol(members: list[Member]) -> str:
    """The protocol that all members know and most of them prefer."""
    common = set.intersection(*(set(member.request.protocols) for member in members))
    votes = [next(name for name in member.request.protocols if name in common) for member in members]
    return max(dict.fromkeys(votes), key=votes.count)
