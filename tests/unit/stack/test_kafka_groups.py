"""The group coordinator's state machine, member by member."""

import asyncio
from collections.abc import AsyncIterator, Awaitable

import pytest
import pytest_asyncio

from livestreamx.stack.kafka.groups import Group, GroupState
from livestreamx.stack.kafka.members import Joined, JoinRequest
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError


@pytest_asyncio.fixture
async def group() -> AsyncIterator[Group]:
    group = Group("test")
    async with asyncio.timeout(60):
        yield group
    group.close()


def request(member_id: str = "", session: float = 10.0, *protocols: str, kind: str = "consumer") -> JoinRequest:
    offered = {name: name.encode() for name in protocols or ("range",)}
    return JoinRequest(member_id, "client", "/127.0.0.1", session, 10.0, kind, offered)


async def refusal(attempt: Awaitable[object]) -> ErrorCode:
    with pytest.raises(KafkaError) as refused:
        await attempt
    return refused.value.code


def refused_now(group: Group, member_id: str, generation: int) -> ErrorCode:
    with pytest.raises(KafkaError) as refused:
        group.heartbeat(member_id, generation)
    return refused.value.code


async def join_pair(group: Group, session: float = 10.0) -> tuple[Joined, Joined]:
    """Two members of one generation, the leader first."""
    one, other = await asyncio.gather(group.join(request("", session)), group.join(request("", session)))
    return (one, other) if one.member_id == one.leader_id else (other, one)


async def settle(group: Group, leader: Joined, follower: Joined) -> None:
    shares = {leader.member_id: b"first", follower.member_id: b"second"}
    generation = leader.generation
    got = await asyncio.gather(
        group.sync(follower.member_id, generation, {}), group.sync(leader.member_id, generation, shares)
    )
    assert got == [b"second", b"first"]


async def test_two_members_share_a_generation(group: Group) -> None:
    leader, follower = await join_pair(group)
    assert leader.generation == follower.generation == 1
    assert {member_id for member_id, _ in leader.members} == {leader.member_id, follower.member_id}
    assert follower.members == []
    await settle(group, leader, follower)
    assert group.state is GroupState.STABLE
    group.heartbeat(leader.member_id, 1)


async def test_a_newcomer_makes_everybody_rejoin(group: Group) -> None:
    leader, follower = await join_pair(group)
    await settle(group, leader, follower)
    newcomer = asyncio.create_task(group.join(request()))
    await asyncio.sleep(0)
    assert refused_now(group, leader.member_id, 1) == ErrorCode.REBALANCE_IN_PROGRESS
    await asyncio.gather(*(group.join(request(member.member_id)) for member in (leader, follower)))
    assert (await newcomer).generation == 2
    assert len(group.members) == 3
    assert refused_now(group, leader.member_id, 1) == ErrorCode.ILLEGAL_GENERATION


async def test_leaving_hands_over(group: Group) -> None:
    leader, follower = await join_pair(group)
    await settle(group, leader, follower)
    group.leave(leader.member_id)
    rejoined = await group.join(request(follower.member_id))
    assert rejoined.leader_id == follower.member_id
    assert [member_id for member_id, _ in rejoined.members] == [follower.member_id]
    group.leave(follower.member_id)
    assert group.state is GroupState.EMPTY


async def test_a_silent_member_is_put_out(group: Group) -> None:
    leader, follower = await join_pair(group, session=2.0)
    await settle(group, leader, follower)
    while group.state is GroupState.STABLE:
        group.heartbeat(leader.member_id, 1)
        await asyncio.sleep(0.02)
    assert list(group.members) == [leader.member_id]


async def test_followers_are_told_when_the_leader_dies_before_it_assigns(group: Group) -> None:
    leader, follower = await join_pair(group, session=2.0)
    assert await refusal(group.sync(follower.member_id, 1, {})) == ErrorCode.REBALANCE_IN_PROGRESS
    assert leader.member_id not in group.members
    assert (await group.join(request(follower.member_id))).leader_id == follower.member_id


async def test_a_repeated_join_supersedes_the_first(group: Group) -> None:
    leader, follower = await join_pair(group)
    await settle(group, leader, follower)
    first = asyncio.create_task(group.join(request(leader.member_id)))
    await asyncio.sleep(0)
    second = asyncio.create_task(group.join(request(leader.member_id)))
    assert await refusal(first) == ErrorCode.REBALANCE_IN_PROGRESS
    await group.join(request(follower.member_id))
    assert (await second).generation == 2


async def test_strangers_and_misfits_are_refused(group: Group) -> None:
    await group.join(request())
    assert await refusal(group.join(request("nobody"))) == ErrorCode.UNKNOWN_MEMBER_ID
    assert await refusal(group.join(request("", 10.0, "sticky"))) == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert await refusal(group.join(request(kind="connect"))) == ErrorCode.INCONSISTENT_GROUP_PROTOCOL
    assert await refusal(group.join(request("", 0.0))) == ErrorCode.INVALID_SESSION_TIMEOUT
    assert refused_now(group, "nobody", 1) == ErrorCode.UNKNOWN_MEMBER_ID


async def test_who_may_commit(group: Group) -> None:
    group.check_commit("", -1)
    leader, follower = await join_pair(group)
    await settle(group, leader, follower)
    group.check_commit(leader.member_id, 1)
    for member_id, generation, code in (
        ("", -1, ErrorCode.UNKNOWN_MEMBER_ID),
        ("nobody", 1, ErrorCode.UNKNOWN_MEMBER_ID),
        (leader.member_id, 0, ErrorCode.ILLEGAL_GENERATION),
    ):
        with pytest.raises(KafkaError) as refused:
            group.check_commit(member_id, generation)
        assert refused.value.code == code


async def test_the_protocol_is_one_that_all_know(group: Group) -> None:
    joined = await asyncio.gather(
        group.join(request("", 10.0, "sticky", "range")), group.join(request("", 10.0, "range", "roundrobin"))
    )
    assert {answer.protocol for answer in joined} == {"range"}
