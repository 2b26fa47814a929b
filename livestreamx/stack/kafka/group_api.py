"""Handlers of the calls of consumer groups: membership, committed offsets, and what administrators ask about them."""

from typing import NamedTuple

from livestreamx.stack.kafka.commit import GroupCommit
from livestreamx.stack.kafka.groups import Group, Groups
from livestreamx.stack.kafka.members import Joined, JoinRequest, Member
from livestreamx.stack.kafka.protocol import ApiKey, ErrorCode, KafkaError
from livestreamx.stack.kafka.requests import Handlers, Reply, Request
from livestreamx.stack.kafka.storage import Storage
from livestreamx.stack.kafka.wire import Writer


class _ToCommit(NamedTuple):
    partition: int
    offset: int
    metadata: str


class GroupApi:
    """Speaks to the group coordinator and to the committed offsets."""

    def __init__(self, storage: Storage, commit: GroupCommit, groups: Groups) -> None:
        self._storage = storage
        self._commit = commit
        self._groups = groups

    def handlers(self) -> Handlers:
        return {
            ApiKey.JOIN_GROUP: self.join,
            ApiKey.SYNC_GROUP: self.sync,
            ApiKey.HEARTBEAT: self.heartbeat,
            ApiKey.LEAVE_GROUP: self.leave,
            ApiKey.OFFSET_COMMIT: self.commit_offsets,
            ApiKey.OFFSET_FETCH: self.fetch_offsets,
            ApiKey.DESCRIBE_GROUPS: self.describe,
            ApiKey.LIST_GROUPS: self.list_groups,
            ApiKey.DELETE_GROUPS: self.delete,
        }

    async def join(self, request: Request) -> Reply:
        body = request.body
        group_name = body.string()
        session_timeout = body.int32() / 1000
        rebalance_timeout = body.int32() / 1000 if request.version >= 1 else session_timeout
        member_id, protocol_type = body.string(), body.string()
        protocols = dict(body.array(lambda: (body.string(), bytes(body.blob()))))
        join = JoinRequest(
            member_id,
            request.client_id,
            request.client_host,
            session_timeout,
            rebalance_timeout,
            protocol_type,
            protocols,
        )
        error = ErrorCode.NONE
        try:
            joined = await self._groups.joinable(group_name).join(join)
        except KafkaError as refusal:
            error, joined = refusal.code, Joined(-1, "", "", member_id, [])
        reply = Writer()
        if request.version >= 2:
            reply.int32(0)  # throttle time
        reply.int16(error).int32(joined.generation).string(joined.protocol)
        reply.string(joined.leader_id).string(joined.member_id)
        reply.array(joined.members, lambda member: reply.string(member[0]).blob(member[1]))
        return Reply(reply)

    async def sync(self, request: Request) -> Reply:
        body = request.body
        group_name, generation, member_id = body.string(), body.int32(), body.string()
        assignments = dict(body.array(lambda: (body.string(), bytes(body.blob()))))
        error, assignment = ErrorCode.NONE, b""
        try:
            assignment = await self._groups.existing(group_name).sync(member_id, generation, assignments)
        except KafkaError as refusal:
            error = refusal.code
        return Reply(_throttled(request, since_version=1).int16(error).blob(assignment))

    async def heartbeat(self, request: Request) -> Reply:
        body = request.body
        group_name, generation, member_id = body.string(), body.int32(), body.string()
        error = ErrorCode.NONE
        try:
            self._groups.existing(group_name).heartbeat(member_id, generation)
        except KafkaError as refusal:
            error = refusal.code
        return Reply(_throttled(request, since_version=1).int16(error))

    async def leave(self, request: Request) -> Reply:
        group_name, member_id = request.body.string(), request.body.string()
        error = ErrorCode.NONE
        try:
            self._groups.existing(group_name).leave(member_id)
        except KafkaError as refusal:
            error = refusal.code
        return Reply(_throttled(request, since_version=1).int16(error))

    async def commit_offsets(self, request: Request) -> Reply:
        """Store a group's offsets; the answer waits until they are durable."""
        body = request.body
        group_name, generation, member_id = body.string(), body.int32(), body.string()
        body.int64()  # retention time

        def read_partition() -> _ToCommit:
            return _ToCommit(body.int32(), body.int64(), body.nullable_string() or "")

        topics = body.array(lambda: (body.string(), body.array(read_partition)))
        refusal = self._refusal_to_commit(group_name, member_id, generation)
        errors: dict[tuple[str, int], ErrorCode] = {}
        accepted: dict[tuple[str, int], tuple[int, str]] = {}
        for topic, parts in topics:
            for part in parts:
                errors[topic, part.partition] = refusal or self._partition_error(topic, part.partition)
                if not errors[topic, part.partition]:
                    accepted[topic, part.partition] = (part.offset, part.metadata)
        if accepted:
            self._storage.offsets.commit(group_name, accepted)
        reply = _throttled(request, since_version=3)

        def write_topic(topic: str, parts: list[_ToCommit]) -> None:
            reply.string(topic).array(
                parts, lambda part: reply.int32(part.partition).int16(errors[topic, part.partition])
            )

        reply.array(topics, lambda topic: write_topic(*topic))
        return Reply(reply, durable=self._commit.request(self._storage.offsets) if accepted else None)

    def _refusal_to_commit(self, group_name: str, member_id: str, generation: int) -> ErrorCode:
        group = self._groups.get(group_name)
        if group is None:
            return ErrorCode.UNKNOWN_MEMBER_ID if member_id else ErrorCode.NONE
        try:
            group.check_commit(member_id, generation)
        except KafkaError as refusal:
            return refusal.code
        return ErrorCode.NONE

    def _partition_error(self, topic: str, number: int) -> ErrorCode:
        try:
            self._storage.partition(topic, number)
        except KafkaError as error:
            return error.code
        return ErrorCode.NONE

    async def fetch_offsets(self, request: Request) -> Reply:
        """Committed offsets of the partitions asked for, or of all; -1 where nothing is committed."""
        body = request.body
        committed = self._storage.offsets.of_group(body.string())
        topics = body.nullable_array(lambda: (body.string(), body.array(body.int32)))
        if topics is None:
            by_topic: dict[str, list[int]] = {}
            for topic, number in committed:
                by_topic.setdefault(topic, []).append(number)
            topics = list(by_topic.items())
        reply = _throttled(request, since_version=3)

        def write_partition(topic: str, number: int) -> None:
            found = committed.get((topic, number))
            offset, metadata = (found.offset, found.metadata) if found is not None else (-1, "")
            reply.int32(number).int64(offset).string(metadata).int16(ErrorCode.NONE)

        def write_topic(topic: str, numbers: list[int]) -> None:
            reply.string(topic).array(numbers, lambda number: write_partition(topic, number))

        reply.array(topics, lambda topic: write_topic(*topic))
        if request.version >= 2:
            reply.int16(ErrorCode.NONE)
        return Reply(reply)

    async def describe(self, request: Request) -> Reply:
        names = request.body.array(request.body.string)
        reply = _throttled(request, since_version=1)

        def write_group(name: str) -> None:
            group = self._groups.get(name)
            if group is None:
                state = "Empty" if self._storage.offsets.of_group(name) else "Dead"
                reply.int16(ErrorCode.NONE).string(name).string(state).string("").string("").int32(0)
            else:
                _write_group(reply, group)

        reply.array(names, write_group)
        return Reply(reply)

    async def list_groups(self, request: Request) -> Reply:
        types = dict.fromkeys(self._storage.offsets.groups(), "consumer")
        types |= {group.name: group.protocol_type for group in self._groups.all()}
        reply = _throttled(request, since_version=1).int16(ErrorCode.NONE)
        reply.array(types.items(), lambda group: reply.string(group[0]).string(group[1]))
        return Reply(reply)

    async def delete(self, request: Request) -> Reply:
        """Forget groups and their offsets; only those without members."""
        names = request.body.array(request.body.string)
        reply = Writer().int32(0)  # throttle time
        reply.array([(name, self._delete(name)) for name in names], lambda done: reply.string(done[0]).int16(done[1]))
        return Reply(reply, durable=self._commit.request(self._storage.offsets))

    def _delete(self, name: str) -> ErrorCode:
        if name in self._groups.active_names():
            return ErrorCode.NON_EMPTY_GROUP
        if self._groups.get(name) is None and not self._storage.offsets.of_group(name):
            return ErrorCode.GROUP_ID_NOT_FOUND
        self._groups.drop_empty({name})
        self._storage.offsets.forget_group(name)
        return ErrorCode.NONE


def _throttled(request: Request, since_version: int) -> Writer:
    """A reply that starts with a throttle time of zero from this version on."""
    return Writer().int32(0) if request.version >= since_version else Writer()


def _write_group(reply: Writer, group: Group) -> None:
    def write_member(member: Member) -> None:
        reply.string(member.id).string(member.request.client_id).string(member.request.client_host)
        reply.blob(member.request.protocols.get(group.protocol, b"")).blob(member.assignment)

    reply.int16(ErrorCode.NONE).string(group.name).string(group.state.value)
    reply.string(group.protocol_type).string(group.protocol).array(list(group.members.values()), write_member)
