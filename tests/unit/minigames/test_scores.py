"""How games are scored: nothing counts twice, ties have no winner, and the draw has no room for choice."""

from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.minigames.model import WHEEL, Terms, points, prize_of, score, with_bonus

BOSS = Terms(starter=UUID(int=1), handle="ada", creator_id=UUID(int=2), hp=10)
TUG = Terms(starter=UUID(int=1), handle="ada", creator_id=UUID(int=2), left="hype", right="love")
acts = st.dictionaries(
    st.uuids().map(str),
    st.dictionaries(st.sampled_from(["hype", "love", "sad", "gift"]), st.integers(0, 50)),
    max_size=6,
)


def test_reactions_and_tokens_are_points() -> None:
    assert points({"hype": 2, "sad": 1}) == 3
    assert points({"gift": 5}) == points({"gift": 1}) == 1
    assert points({"gift": 6}) == 2
    assert points({}) == 0


@given(acts)
def test_a_boss_loses_what_everybody_does(did: dict[str, dict[str, int]]) -> None:
    stands = score("boss", did, BOSS)
    assert stands.hp == max(0, 10 - sum(map(points, did.values())))
    assert stands.is_won == (stands.hp == 0)
    assert all(count > 0 for count in stands.entrants.values())


@given(acts)
def test_a_tug_is_drawn_among_the_stronger_side_only(did: dict[str, dict[str, int]]) -> None:
    stands = score("tug", did, TUG)
    left, right = stands.sides["hype"], stands.sides["love"]
    assert stands.is_won == (left != right)
    side = "hype" if left > right else "love"
    for user, count in stands.entrants.items():
        assert did[user].get(side, 0) > did[user].get("love" if side == "hype" else "hype", 0)
        assert count == did[user][side] + -(-did[user].get("gift", 0) // 5)
    assert sum(stands.entrants.values()) == (max(left, right) if stands.is_won else 0)


def test_gifts_of_somebody_who_takes_no_side_pull_nowhere() -> None:
    stands = score("tug", {"a": {"gift": 500}, "b": {"hype": 1, "love": 1, "gift": 500}}, TUG)
    assert (stands.sides, stands.is_won) == ({"hype": 0, "love": 0}, False)


def test_a_bonus_adds_its_points_to_a_tug_or_a_boss() -> None:
    helped = with_bonus({"a": {"love": 1}}, {"a": 7, "b": 25})
    assert score("boss", helped, BOSS).entrants == {"a": 8, "b": 25}
    assert score("tug", helped, TUG).sides == {"hype": 0, "love": 8}


def test_prizes_are_experience_and_badges() -> None:
    assert [(prize_of("wheel", choice.key).xp, prize_of("wheel", choice.key).badge) for choice in WHEEL] == [
        (10, ""),
        (25, ""),
        (50, ""),
        (100, ""),
        (0, "lucky_wheel"),
    ]
    assert prize_of("boss", str(uuid4())).badge == "boss_slayer"
    assert prize_of("tug", str(uuid4())).badge == "tug_champion"
