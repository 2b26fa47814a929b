"""The catalogue is what the product promises, and every gift can be told apart on screen."""

from typing import get_args

from domain.economy.catalogue import GIFTS
from domain.economy.model import RARITIES, Rarity


def test_codes_and_prices() -> None:
    assert {gift.code: gift.token_cost for gift in GIFTS} == {
        "HEART": 5,
        "ROSE": 10,
        "HAMMER": 25,
        "CONFETTI": 50,
        "SHOUT": 75,
        "ROCKET": 100,
        "FILTER": 150,
        "BG_SWAP": 200,
        "WHEEL": 250,
        "CROWN": 1000,
    }


def test_every_rarity_is_there_and_dearer_gifts_are_never_more_common() -> None:
    by_price = [RARITIES.index(gift.rarity) for gift in sorted(GIFTS, key=lambda gift: gift.token_cost)]
    assert by_price == sorted(by_price)
    assert {gift.rarity for gift in GIFTS} == set(get_args(Rarity))


def test_names_and_animations_are_distinct() -> None:
    assert len({gift.name for gift in GIFTS}) == len({gift.animation_key for gift in GIFTS}) == len(GIFTS)
