"""Where commands print, and what they take for the address of a platform."""

from pathlib import Path

import pytest
from rich.table import Table

from livestreamx.replay import main as replay
from livestreamx.simulate import main as simulate
from livestreamx.terminal import platform_address, screen


def test_no_name_is_cut_short_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    table = Table("letter", "reason", "more")
    table.add_row("interactions:2:1041", "words " * 12, "words " * 8)
    screen().print(table)
    assert "interactions:2:1041" in capsys.readouterr().out


def test_an_address_is_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LSX_PORT", "4321")
    assert platform_address("") == "http://localhost:4321"
    assert platform_address("https://live.example/") == "https://live.example"
    for url in ("nonsense", "localhost:4000", "ftp://live.example", "http://"):
        with pytest.raises(SystemExit, match="takes an address such as"):
            platform_address(url)


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_a_replay_has_a_speed(speed: float) -> None:
    with pytest.raises(SystemExit, match="--speed"):
        replay(Path("chat.jsonl"), speed=speed)


@pytest.mark.parametrize(("name", "value"), [("viewers", 0), ("seconds", -1.0), ("pace", float("nan"))])
def test_an_audience_has_people_and_time(name: str, value: float) -> None:
    with pytest.raises(SystemExit, match=f"--{name}"):
        simulate(**{name: value})  # type: ignore[arg-type]
