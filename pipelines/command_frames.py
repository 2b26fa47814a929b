"""What the room sees of commands, scenes and games; the words are made here, from keys that the registry knows."""

from collections.abc import Mapping
from datetime import timedelta
from html import escape
from typing import Any
from uuid import UUID

import msgspec

from livestreamx.clock import now
from livestreamx.events import (
    CommandDone,
    CommandEvent,
    CommandExpired,
    CommandQueued,
    CommandRejected,
    CommandStarted,
    Event,
    MinigameEnded,
    MinigameStarted,
    SceneChanged,
)
from livestreamx.frames import MinigameEnd, MinigameStart, OverlayTrigger, SceneState
from pipelines.effects import Effects

MOST_MS = 15_000
SCENE_MS = 3_000
STALE = timedelta(seconds=60)

Frame = tuple[UUID | str, str, Any, UUID | str | None]

KEY_OF = {
    "overlay.play": "overlay",
    "scene.background": "background",
    "scene.filter": "filter",
    "minigame.start": "game",
    "sound.play": "sound",
}
"""The argument that names what is shown."""
WORDS = {
    "overlay.play": "fills the screen with {overlay}",
    "scene.background": "moves the show to {background}",
    "scene.filter": "puts the show in a {filter} light",
    "minigame.start": "starts a game: {game}",
    "challenge.progress": "strikes for {points} points",
    "sound.play": "plays {sound}",
    "tts.say": "{text}",
}
REASONS = {
    "not_live": "the stream had ended",
    "switched_off": "the creator had switched that off",
    "game_running": "another game was on",
    "no_game": "the game was over",
    "words_refused": "the chat does not take these words",
}


def words(action: str, args: Mapping[str, str | int]) -> str:
    """What a command does, as the room reads it."""
    return WORDS.get(action, action).format_map(args)


def trigger(event: CommandEvent) -> OverlayTrigger:
    """What became of a command, as a frame; only one that starts takes time on screen."""
    kind, duration, text = "", 0, ""
    match event:
        case CommandStarted(duration_ms=shown):
            kind, duration, text = event.action, min(shown, MOST_MS), words(event.action, event.args)
        case CommandQueued():
            kind, text = "command.queued", "waits for its turn"
        case CommandDone():
            kind, text = "command.done", "has played"
        case CommandRejected(reason=reason):
            why = REASONS.get(reason, "it could not play")
            kind, text = "command.rejected", f"gets the tokens back: {why}"
        case CommandExpired():
            kind, text = "command.expired", "gets the tokens back: its turn did not come in time"
    key = str(event.args.get(KEY_OF.get(event.action, ""), event.action))
    return OverlayTrigger(
        kind=kind,
        animationKey=key,
        actor=event.handle,
        text=escape(text),
        durationMs=duration,
        commandId=event.command_id,
    )


def scene_state(event: SceneChanged) -> SceneState:
    return SceneState(
        theme=event.theme,
        filter=event.filter,
        background=event.background,
        overlays=event.overlays,
        backgroundUrl=event.background_url,
        layers=event.layers,
    )


def game_start(event: MinigameStarted) -> MinigameStart:
    """What the room is told of a game, and newcomers while it lasts."""
    return MinigameStart(
        gameId=event.game_id,
        game=event.game,
        actor=event.handle,
        seedHash=event.seed_hash,
        endsAt=event.ends_at,
        hp=event.hp,
        sides=event.sides,
        choices=event.choices,
    )


def game_end(event: MinigameEnded) -> MinigameEnd:
    return MinigameEnd(
        gameId=event.game_id,
        game=event.game,
        state=event.state,
        seedHash=event.seed_hash,
        seed=event.seed,
        outcome=event.outcome,
        winner=event.handle,
        xp=event.xp,
        badge=event.badge,
    )


def scene_trigger(event: SceneChanged) -> OverlayTrigger:
    return OverlayTrigger(
        kind="scene",
        animationKey=event.background,
        actor=event.handle,
        text="",
        durationMs=SCENE_MS,
        scene=scene_state(event),
    )


def frames_of(event: Event) -> list[Frame]:
    """The frame of an event of these kinds; none for any other, nor for a command that should have played long ago."""
    name = "overlay:trigger"
    data: Any = None
    match event:
        case CommandStarted() if now() - event.occurred_at > STALE:
            pass
        case CommandEvent():
            data = trigger(event)
        case SceneChanged():
            data = scene_trigger(event)
        case MinigameStarted():
            name, data = "minigame:start", game_start(event)
        case MinigameEnded():
            name, data = "minigame:end", game_end(event)
    return [] if data is None or event.stream_id is None else [(event.stream_id, name, data, event.event_id)]


def keep_state(effects: Effects, event: Event) -> None:
    """What newcomers are told: the scene, and the game that is on."""
    if event.stream_id is None:
        return
    match event:
        case SceneChanged():
            effects.show(event.stream_id, "scene", msgspec.json.encode(scene_state(event)).decode())
        case MinigameStarted():
            effects.show(event.stream_id, "minigame", msgspec.json.encode(game_start(event)).decode())
        case MinigameEnded():
            effects.show(event.stream_id, "minigame", "")
