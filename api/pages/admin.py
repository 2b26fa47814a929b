"""`/admin`: flags of abuse, for admins to look at and to close."""

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.response import Redirect, Template

from api.auth.identity import require_role
from api.pages.views import FlagCard
from api.pages.visit import Visit
from domain.fraud import service as fraud
from domain.fraud.model import Flag, FlagKind

FLAGS = 50
TITLES: dict[FlagKind, str] = {
    "velocity": "Gives too fast for a new account",
    "shared_card": "Shares a card with other accounts",
    "gift_ring": "Gives in a circle",
    "dispute": "The bank disputes a payment",
    "amount_mismatch": "Paid another amount than the price",
    "second_payment": "Paid one order twice",
}


def describe(flag: Flag) -> FlagCard:
    """A flag as its card."""
    return FlagCard(
        id=flag.id,
        title=TITLES[flag.kind],
        handle=flag.handle,
        subject=flag.subject,
        evidence=tuple((name, str(value)) for name, value in flag.evidence.items()),
        wallet_locked=flag.wallet_locked,
        at=flag.created_at,
    )


class AdminPages(Controller):
    """For admins only."""

    path = "/admin"

    @get("/")
    async def show(self, visit: NamedDependency[Visit]) -> Template | Redirect:
        """The flags that are open, the newest first."""
        if visit.claims is None:
            return visit.sign_in_first()
        require_role(visit.claims, "admin")
        flags = await fraud.flags(visit.pool, "open", None, FLAGS + 1)
        return visit.page("admin.html", flags=[describe(flag) for flag in flags[:FLAGS]], more=len(flags) > FLAGS)
