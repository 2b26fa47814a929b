"""What gifts may do in a channel: switches, the scene, the games that can be checked, the key of the overlay."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Controller, Response, get, patch, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from api.auth.guards import creator_only
from api.schema import Body, View
from domain.accounts.tokens import Claims
from domain.commands import overlay_keys, scenes, service
from domain.commands.model import MOST_OVER_A_SHOW, Action, Background, Filter, Scene, Theme
from domain.minigames import service as minigames
from domain.minigames.model import Game, Minigame, State
from features.fairness import Proof, hash_of
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings

Switches = dict[Action, bool]
Names = Annotated[
    tuple[Annotated[str, msgspec.Meta(max_length=24)], ...],
    msgspec.Meta(max_length=MOST_OVER_A_SHOW, examples=[["snow"]]),
]


class SwitchesBody(Body, frozen=True, kw_only=True):
    """Actions to turn on or off; those that are not named stay as they are."""

    actions: Annotated[Switches, msgspec.Meta(examples=[{"tts.say": True}])]


class SwitchesView(View, frozen=True, kw_only=True):
    """Every action, and whether the channel takes it."""

    actions: Switches


class SceneBody(Body, frozen=True, kw_only=True):
    """The parts of a scene to change. `overlays` are effects (`confetti crown fireworks hearts snow`) and keys of own
    overlays; `backgroundAssetId` is a picture of one's own, null for none.
    """

    theme: Theme | msgspec.UnsetType = msgspec.UNSET
    filter: Filter | msgspec.UnsetType = msgspec.UNSET
    background_key: Background | msgspec.UnsetType = msgspec.UNSET
    background_asset_id: UUID | msgspec.UnsetType | None = msgspec.UNSET
    overlays: Names | msgspec.UnsetType = msgspec.UNSET


class SceneView(View, frozen=True, kw_only=True):
    theme: Theme
    filter: Filter
    background_key: Background
    background_asset_id: UUID | None
    overlays: tuple[str, ...]

    @classmethod
    def of(cls, scene: Scene) -> "SceneView":
        return cls(
            theme=scene.theme,
            filter=scene.filter,
            background_key=scene.background,
            background_asset_id=scene.background_asset_id,
            overlays=scene.overlays,
        )


class OverlayKey(View, frozen=True, kw_only=True):
    """Shown this once: only its hash is kept. `url` is what the streaming software opens."""

    key: str
    url: str


class MinigameView(View, frozen=True, kw_only=True):
    """A game; `seed` stays null while it runs, `proof` is what `livestreamx verify-draw` takes."""

    id: UUID
    stream_id: UUID
    game: Game
    state: State
    seed_hash: str
    started_at: datetime
    ends_at: datetime
    seed: str | None
    proof: Proof | None
    winner_id: UUID | None

    @classmethod
    def of(cls, game: Minigame) -> "MinigameView":
        return cls(
            id=game.id,
            stream_id=game.stream_id,
            game=game.game,
            state=game.state,
            seed_hash=hash_of(game.seed),
            started_at=game.started_at,
            ends_at=game.ends_at,
            seed=game.draw.seed if game.draw else None,
            proof=game.draw.proof if game.draw else None,
            winner_id=game.winner_id,
        )


class CommandController(Controller):
    path = "/api"
    tags = ("Commands",)

    @get("/me/commands", summary="What gifts may do in one's channel", guards=[creator_only])
    async def read_switches(self, user: NamedDependency[Claims], pool: NamedDependency[Pool]) -> SwitchesView:
        return SwitchesView(actions=await service.switches(pool, user.sub))

    @put("/me/commands", summary="Turn actions on or off", guards=[creator_only])
    async def turn_switches(
        self, data: JSONBody[SwitchesBody], user: NamedDependency[Claims], pool: NamedDependency[Pool]
    ) -> SwitchesView:
        """Gifts whose action is off are refused before they are charged: 422 `command_not_allowed`."""
        return SwitchesView(actions=await service.switch(pool, user.sub, data.actions))

    @post("/me/overlay-key", summary="A new key for one's overlay page", guards=[creator_only])
    async def rotate_key(
        self, user: NamedDependency[Claims], pool: NamedDependency[Pool], settings: NamedDependency[Settings]
    ) -> Response[OverlayKey]:
        """The key before it stops working now."""
        key = await overlay_keys.rotate(pool, user.sub)
        made = OverlayKey(key=key, url=f"{settings.url}/o/{key}")
        return Response(made, status_code=201, headers={"Cache-Control": "no-store"})

    @patch("/streams/{stream_id:uuid}/scene", summary="Change how one's stream looks")
    async def change_scene(
        self,
        stream_id: FromPath[UUID],
        data: JSONBody[SceneBody],
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        request_id: NamedDependency[str],
    ) -> SceneView:
        """The scene afterwards; the room sees an `overlay:trigger` of kind `scene`, newcomers find it in its state.

        404 `asset_not_found`, 422 `not_a_picture`, `unknown_overlay`.
        """
        named = {"background_key": "background"}
        change: dict[str, Any] = {
            named.get(name, name): value
            for name, value in msgspec.structs.asdict(data).items()
            if value is not msgspec.UNSET
        }
        return SceneView.of(await scenes.set_scene(pool, stream_id, user, change, request_id))

    @get("/minigames/{game_id:uuid}", summary="A mini-game, with its proof once it is over")
    async def look(self, game_id: FromPath[UUID], pool: NamedDependency[Pool]) -> MinigameView:
        """Anybody may check the draw."""
        return MinigameView.of(await minigames.find(pool, game_id))
