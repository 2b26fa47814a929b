"""The pace of a stream: the last window, and how far it stands out of the five minutes before it."""

from features.pulse import ACTS, CHATS, SLOTS, TOKENS, velocity


def second(**sums: int) -> list[int]:
    slots = {"hype": 0, "chats": CHATS, "tokens": TOKENS, "acts": ACTS}
    row = [0] * SLOTS
    for name, count in sums.items():
        row[slots[name]] = count
    return row


def test_a_silent_stream_has_no_pace() -> None:
    assert velocity({}, 1_000) == velocity({1_000: second(hype=9), 600: second(hype=9)}, 1_000)
    assert velocity({}, 1_000).reactions == 0


def test_the_last_ten_seconds_count() -> None:
    seconds = {at: second(hype=2, chats=1, tokens=5) for at in range(990, 1_000)} | {989: second(hype=50, chats=50)}
    now = velocity(seconds, 1_000)
    assert (now.reactions, now.messages, now.tokens) == (2.0, 1.0, 50)


def test_a_burst_stands_out_and_a_steady_room_does_not() -> None:
    steady = {at: second(hype=3) for at in range(690, 1_000)}
    assert velocity(steady, 1_000).reaction_z == 0
    burst = steady | {at: second(hype=5) for at in range(990, 1_000)}
    assert velocity(burst, 1_000).reaction_z == 20.0, "20 more than the mean, where the least deviation is 1"
