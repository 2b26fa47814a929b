"""The packs that the platform begins with; `python -m domain.seed` writes them and follows later changes."""

from domain.payments.model import Pack

PACKS: tuple[Pack, ...] = (
    Pack(id="tokens_100", tokens=100, price_minor=129, currency="usd"),
    Pack(id="tokens_550", tokens=550, price_minor=649, currency="usd"),
    Pack(id="tokens_1200", tokens=1200, price_minor=1299, currency="usd"),
    Pack(id="tokens_2500", tokens=2500, price_minor=2499, currency="usd"),
)
