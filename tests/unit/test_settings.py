"""Settings: what the variables mean, and what is said about one that cannot be used."""

from pathlib import Path

import msgspec
import pytest

from livestreamx.settings import Settings, SettingsError
from livestreamx.stack.plan import environment


def test_defaults_need_no_variable() -> None:
    settings = Settings.from_env({})
    assert (settings.port, settings.dev_topup, settings.rate_limits) == (4000, False, True)
    assert settings.url == "http://localhost:4000"
    assert settings.models == settings.home / "models"


def test_variables_become_their_fields_types() -> None:
    given = {"LSX_PORT": " 4123 ", "LSX_HOME": "~/here", "LSX_CHAT_REFILL_SECONDS": "0.5", "LSX_RATE_LIMITS": "Off"}
    settings = Settings.from_env({**given, "OTHER": "1"})
    assert settings.port == 4123
    assert settings.home == Path.home() / "here"
    assert settings.chat_refill_seconds == 0.5
    assert settings.rate_limits is False


@pytest.mark.parametrize(("text", "flag"), [("1", True), ("on", True), ("yes", True), ("0", False), ("", False)])
def test_flags(text: str, flag: bool) -> None:
    assert Settings.from_env({"LSX_DEV_TOPUP": text}).dev_topup is flag


@pytest.mark.parametrize(
    ("name", "value"), [("LSX_DEV_TOPUP", "maybe"), ("LSX_PORT", "high"), ("LSX_CHAT_BURST", "1.5")]
)
def test_unusable_value_is_refused(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=r"LSX_|settings"):
        Settings.from_env({name: value})


def test_require_names_what_is_missing() -> None:
    settings = Settings(postgres_url="postgresql://db")
    assert settings.require("postgres_url") is settings
    with pytest.raises(SettingsError, match="LSX_REDIS_URL is not set"):
        settings.require("postgres_url", "redis_url")


def test_roles_read_back_what_the_supervisor_passes(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, port=4567, dev_topup=True, rate_limits=False, chat_refill_seconds=1.25)
    assert Settings.from_env(environment(settings)) == settings


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]
    assert msgspec.structs.replace(Settings(), port=1).port == 1


def test_home_follows_the_user_s_data_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert Settings.from_env({}).home == tmp_path / "livestreamx"
