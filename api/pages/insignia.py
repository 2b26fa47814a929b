"""How badges look: each counts something, and what it counts is its picture."""

import msgspec

from domain.moderation.model import SUBSCRIBER
from features.badges import Counter, badges

ICONS: dict[Counter, str] = {
    "gifts": "gift-heart",
    "messages": "chat",
    "streak": "hype",
    "votes": "check",
    "challenges": "trophy",
    "early": "sun",
    "season": "gift-crown",
    "game": "gift-wheel",
    "streams": "studio",
    "marathons": "clock",
    "crowd": "eye",
    "followers": "user",
}
METALS = ("bronze", "silver", "gold")


class Insignia(msgspec.Struct, frozen=True, kw_only=True):
    """A badge as pages show it: `says` is what it was given for, `metal` how rare it is among those of its kind."""

    code: str
    name: str
    says: str
    icon: str
    metal: str


def insignia_of(code: str) -> Insignia:
    """The look of a badge; a plain one for a code that is in the list no more."""
    badge = badges().get(code)
    if badge is None:
        return Insignia(code=code, name=code.replace("_", " "), says="", icon="trophy", metal=METALS[0])
    kind = sorted((one.number for one in badges().values() if one.of == badge.of), reverse=badge.of == "season")
    metal = METALS[min(kind.index(badge.number) + (badge.of == "season" or badge.creators), len(METALS) - 1)]
    return Insignia(code=code, name=badge.name, says=badge.says, icon=ICONS[badge.of], metal=metal)


def badge_book() -> str:
    """All badges for the scripts, those of subscribers too, as JSON: code to name, picture and metal."""
    looks = map(insignia_of, badges())
    book = {look.code: [look.name, look.icon, look.metal] for look in looks}
    subscribers = {
        f"{SUBSCRIBER}{tier}": [f"Subscriber, tier {tier}", "gift-crown", metal] for tier, metal in enumerate(METALS, 1)
    }
    return msgspec.json.encode(book | subscribers).decode()
