"""Consumer group coordinator: members join a generation, the leader assigns partitions, heartbeats keep them in.

The states and error codes are Kafka's classic group protocol. Groups live in memory: after a restart members rejoin.
"""

import asyncio
import uuid
from enum import Enum
from typing import Final

import structlog

from livestreamx.stack.kafka.members import Joined, JoinRequest, Member, choose_protocol
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError

INITIAL_DELAY: Final = 0.05  # seconds that the first member waits for others to join with it
MAX_SESSION_TIMEOUT: Final = 1800.0
MIN_SESSION_TIMEOUT: Final = 0.1


class GroupState(Enum):
    """A group's phase, under the names that DescribeGroups shows."""

    EMPTY = "Empty"
    JOINING = "PreparingRebalance"
    SYNCING = "CompletingRebalance"
    STABLE = "Stable"


class Group:
    """One consumer group. All methods run on the event loop; errors are KafkaErrors that the client understands."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.state = GroupState.EMPTY
        self.generation = 0
        self.protocol_type = ""
        self.protocol = ""
        self.members: dict[str, Member] = {}
        self._leader_id = ""
        self._join_deadline: asyncio.TimerHandle | None = None
        self._session_check: asyncio.TimerHandle | None = None

    async def join(self, request: JoinRequest) -> Joined:
        """Join, or rejoin, and wait until the next generation is complete."""
        self._check_join(request)
        member = self.members.get(request.member_id)
        if member is None:
            member_id = f"{request.client_id or 'consumer'}-{uuid.uuid4()}"
            member = self.members[member_id] = Member(member_id, request, 0.0)
        elif self._may_keep_generation(member, request):
            self._touch(member)
            return self._joined(member)
        member.request = request
        self.protocol_type = request.protocol_type
        if member.joining is not None:
            _refuse(member.joining, ErrorCode.REBALANCE_IN_PROGRESS)
        waiting: asyncio.Future[Joined] = asyncio.get_running_loop().create_future()
        member.joining = waiting
        self._prepare_rebalance()
        self._touch(member)
        return await waiting

    async def sync(self, member_id: str, generation: int, assignments: dict[str, bytes]) -> bytes:
        """The member's assignment in this generation, once the leader has sent it."""
        member = self.check_member(member_id, generation)
        if self.state is GroupState.JOINING:
            raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
        self._touch(member)
        if self.state is GroupState.SYNCING:
            if member_id != self._leader_id:
                if member.syncing is not None:
                    _refuse(member.syncing, ErrorCode.REBALANCE_IN_PROGRESS)
                waiting: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
                member.syncing = waiting
                return await waiting
            self._assign(assignments)
        return member.assignment

    def heartbeat(self, member_id: str, generation: int) -> None:
        """Stay in; REBALANCE_IN_PROGRESS tells the member to rejoin."""
        member = self.check_member(member_id, generation)
        self._touch(member)
        if self.state is GroupState.JOINING:
            raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)

    def leave(self, member_id: str) -> None:
        if member_id not in self.members:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        self._remove(self.members[member_id])

    def check_commit(self, member_id: str, generation: int) -> None:
        """Whether these credentials may commit offsets: a member of this generation, or anyone while it is empty."""
        if generation < 0 and not member_id:
            if self.members:
                raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID, "the group has members")
            return
        member = self.check_member(member_id, generation)
        if self.state is GroupState.SYNCING:
            raise KafkaError(ErrorCode.REBALANCE_IN_PROGRESS)
        self._touch(member)

    def check_member(self, member_id: str, generation: int) -> Member:
        member = self.members.get(member_id)
        if member is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        if generation != self.generation:
            raise KafkaError(ErrorCode.ILLEGAL_GENERATION, f"{generation}, the group is at {self.generation}")
        return member

    def close(self) -> None:
        """Stop the timers."""
        for timer in (self._join_deadline, self._session_check):
            if timer is not None:
                timer.cancel()

    def _check_join(self, request: JoinRequest) -> None:
        if request.member_id and request.member_id not in self.members:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        if not MIN_SESSION_TIMEOUT <= request.session_timeout <= MAX_SESSION_TIMEOUT:
            raise KafkaError(ErrorCode.INVALID_SESSION_TIMEOUT, f"{request.session_timeout} s")
        others = [member for member in self.members.values() if member.id != request.member_id]
        common = set(request.protocols).intersection(*(other.request.protocols for other in others))
        if not common or (others and request.protocol_type != self.protocol_type):
            raise KafkaError(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)

    def _may_keep_generation(self, member: Member, request: JoinRequest) -> bool:
        """A member that only repeats itself gets the running generation again, without a rebalance."""
        if request.protocols != member.request.protocols:
            return False
        is_leader = member.id == self._leader_id
        return self.state is GroupState.SYNCING or (self.state is GroupState.STABLE and not is_leader)

    def _prepare_rebalance(self) -> None:
        """Ask every member to rejoin, at the latest within its rebalance time-out."""
        loop = asyncio.get_running_loop()
        if self.state is GroupState.JOINING:
            self._complete_join_if_all()
            return
        for member in self.members.values():
            if member.syncing is not None:
                _refuse(member.syncing, ErrorCode.REBALANCE_IN_PROGRESS)
                member.syncing = None
        is_first = self.state is GroupState.EMPTY
        self.state = GroupState.JOINING
        longest = max(member.request.rebalance_timeout for member in self.members.values())
        self._join_deadline = loop.call_later(INITIAL_DELAY if is_first else longest, self._complete_join)
        if not is_first:
            self._complete_join_if_all()

    def _complete_join_if_all(self) -> None:
        if self.generation and all(member.joining is not None for member in self.members.values()):
            self._complete_join()

    def _complete_join(self) -> None:
        if self._join_deadline is not None:
            self._join_deadline.cancel()
        self.members = {member.id: member for member in self.members.values() if member.joining is not None}
        self.generation += 1
        if not self.members:
            self._become_empty()
            return
        self.state = GroupState.SYNCING
        self.protocol = choose_protocol(list(self.members.values()))
        if self._leader_id not in self.members:
            self._leader_id = next(iter(self.members))
        for member in self.members.values():
            member.assignment = b""
            answer, member.joining = member.joining, None
            self._touch(member)
            if answer is not None and not answer.done():
                answer.set_result(self._joined(member))

    def _joined(self, member: Member) -> Joined:
        members = []
        if member.id == self._leader_id:
            members = [(other.id, other.request.protocols[self.protocol]) for other in self.members.values()]
        return Joined(self.generation, self.protocol, self._leader_id, member.id, members)

    def _assign(self, assignments: dict[str, bytes]) -> None:
        self.state = GroupState.STABLE
        for member in self.members.values():
            member.assignment = assignments.get(member.id, b"")
            self._touch(member)
            answer, member.syncing = member.syncing, None
            if answer is not None and not answer.done():
                answer.set_result(member.assignment)

    def _remove(self, member: Member) -> None:
        del self.members[member.id]
        for answer in (member.joining, member.syncing):
            if answer is not None:
                _refuse(answer, ErrorCode.UNKNOWN_MEMBER_ID)
        if not self.members:
            self.generation += 1
            self._become_empty()
        else:
            self._prepare_rebalance()

    def _become_empty(self) -> None:
        self.close()
        self._session_check = None
        self.state = GroupState.EMPTY
        self._leader_id = self.protocol = ""

    def _touch(self, member: Member) -> None:
        """Start the member's session anew, and make sure that somebody looks when it ends."""
        loop = asyncio.get_running_loop()
        member.deadline = loop.time() + member.request.session_timeout
        if self._session_check is None or self._session_check.when() > member.deadline:
            self._schedule_session_check(member.deadline)

    def _schedule_session_check(self, when: float) -> None:
        if self._session_check is not None:
            self._session_check.cancel()
        self._session_check = asyncio.get_running_loop().call_at(when, self._expire_sessions)

    def _expire_sessions(self) -> None:
        self._session_check = None
        now = asyncio.get_running_loop().time()
        for member in list(self.members.values()):
            if member.is_waiting:
                member.deadline = now + member.request.session_timeout
            elif member.deadline <= now:
                structlog.get_logger().info("member timed out", group=self.name, member=member.id)
                self._remove(member)
        if self.members:
            self._schedule_session_check(min(member.deadline for member in self.members.values()))


class Groups:
    """All groups of the broker, by name."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    def get(self, name: str) -> Group | None:
        return self._groups.get(name)

    def existing(self, name: str) -> Group:
        """Raises KafkaError(UNKNOWN_MEMBER_ID) as a group we do not know has no members."""
        group = self._groups.get(name)
        if group is None:
            raise KafkaError(ErrorCode.UNKNOWN_MEMBER_ID)
        return group

    def joinable(self, name: str) -> Group:
        if not name:
            raise KafkaError(ErrorCode.INVALID_GROUP_ID)
        return self._groups.setdefault(name, Group(name))

    def all(self) -> list[Group]:
        return list(self._groups.values())

    def active_names(self) -> set[str]:
        return {group.name for group in self._groups.values() if group.members}

    def drop_empty(self, names: set[str] | None = None) -> None:
        """Forget groups without members: their offsets are kept elsewhere."""
        for name, group in list(self._groups.items()):
            if not group.members and (names is None or name in names):
                group.close()
                del self._groups[name]

    def close(self) -> None:
        for group in self._groups.values():
            group.close()


def _refuse(answer: asyncio.Future[Joined] | asyncio.Future[bytes], code: ErrorCode) -> None:
    if not answer.done():
        answer.set_exception(KafkaError(code))
