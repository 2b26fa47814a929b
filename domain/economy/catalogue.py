"""The gifts that the platform begins with; `python -m domain.seed` writes them and follows later changes."""

from domain.economy.model import Gift

GIFTS: tuple[Gift, ...] = (
    Gift(code="HEART", name="Heart", token_cost=5, rarity="common", animation_key="heart"),
    Gift(code="ROSE", name="Rose", token_cost=10, rarity="common", animation_key="rose"),
    Gift(
        code="CONFETTI",
        name="Confetti",
        token_cost=50,
        rarity="rare",
        animation_key="confetti",
        command_action="overlay.play",
    ),
    Gift(
        code="ROCKET",
        name="Rocket",
        token_cost=100,
        rarity="rare",
        animation_key="rocket",
        command_action="sound.play",
    ),
    Gift(
        code="BG_SWAP",
        name="New scenery",
        token_cost=200,
        rarity="epic",
        animation_key="bg_swap",
        command_action="scene.background",
    ),
    Gift(
        code="WHEEL",
        name="Wheel of fortune",
        token_cost=250,
        rarity="epic",
        animation_key="wheel",
        command_action="minigame.start",
    ),
    Gift(
        code="CROWN",
        name="Crown",
        token_cost=1000,
        rarity="legendary",
        animation_key="crown",
        command_action="overlay.play",
    ),
)
