"""The home folder: one supervisor, remembered ports, a private key, state that is never stale."""

import base64
import json
import os
import socket
from pathlib import Path

import pytest

from livestreamx.stack import home as home_module
from livestreamx.stack.home import PORT_RANGE, Home, StackError, is_free


def test_signing_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    key = Home(tmp_path).signing_key()
    assert len(base64.urlsafe_b64decode(key + "=")) == 32
    assert Home(tmp_path).signing_key() == key
    assert (tmp_path / "signing.key").stat().st_mode & 0o777 == 0o600


def test_ports_are_remembered(tmp_path: Path) -> None:
    first = Home(tmp_path).ports(("redis", "kafka"))
    assert Home(tmp_path).ports(("redis", "kafka")) == first
    assert all(port in PORT_RANGE for port in first.values())
    assert Home(tmp_path).ports(("redis", "kafka", "postgres")).items() > first.items()


def test_port_that_someone_took_is_chosen_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(home_module, "PORT_PATIENCE_SECONDS", 0.1)
    before = Home(tmp_path).ports(("redis", "kafka"))
    with socket.create_server(("127.0.0.1", before["redis"])):
        after = Home(tmp_path).ports(("redis", "kafka"))
    assert after["redis"] != before["redis"]
    assert after["kafka"] == before["kafka"]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"redis": "x"}', '{"redis": 99999}'])
def test_unreadable_port_memory_is_made_again(tmp_path: Path, text: str) -> None:
    (tmp_path / "ports.json").write_text(text)
    ports = Home(tmp_path).ports(("redis",))
    assert json.loads((tmp_path / "ports.json").read_text()) == ports


def test_lock_has_one_holder(tmp_path: Path) -> None:
    first, second = Home(tmp_path), Home(tmp_path)
    assert first.holder() is None
    first.lock()
    assert second.holder() == os.getpid()
    with pytest.raises(StackError, match=f"already run by process {os.getpid()}"):
        second.lock()
    first.unlock()
    assert second.holder() is None
    second.lock()
    second.unlock()


def test_announcement_counts_only_while_someone_runs(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.lock()
    home.announce({"LSX_PORT": "4000", "LSX_REDIS_URL": "redis://h/0?a=b"})
    assert Home(tmp_path).announced() == {"LSX_PORT": "4000", "LSX_REDIS_URL": "redis://h/0?a=b"}
    assert home.running_file.stat().st_mode & 0o777 == 0o600
    text = home.running_file.read_text()
    home.unlock()
    home.running_file.write_text(text)  # as after kill -9
    with pytest.raises(StackError, match="livestreamx up"):
        Home(tmp_path).announced()


def test_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StackError, match="LSX_HOME"):
        Home(tmp_path / "file").lock()


def test_is_free(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert not is_free("127.0.0.1", port)
    assert is_free("127.0.0.1", port)
