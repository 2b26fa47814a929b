"""`python -m domain.seed [--demo]`: writes gifts and token packs, and with `--demo` people to look at; repeatable."""

import argparse
import asyncio
from contextlib import aclosing, closing

from domain.accounts.passwords import Passwords
from domain.demo import Demo
from domain.economy.catalogue import GIFTS
from domain.economy.queries import upsert_gifts
from domain.payments.catalogue import PACKS
from domain.payments.queries import upsert_packs
from domain.subscriptions.catalogue import TIERS
from domain.subscriptions.queries import upsert_tiers
from livestreamx.engines import redis as redis_engine
from livestreamx.engines.postgres import make_pool, transaction
from livestreamx.settings import Settings


async def seed(settings: Settings, *, demo: bool) -> None:
    """Bring the catalogue up to date; with `demo`, open the demo and say how to sign in."""
    settings.require("postgres_url")
    async with make_pool(settings.postgres_url, name="livestreamx-seed") as pool:
        async with transaction(pool) as db:
            changed = await upsert_gifts(db, GIFTS)
            priced = await upsert_packs(db, PACKS)
            tiered = await upsert_tiers(db, TIERS)
        print(f"gifts: {changed} new or changed, {len(GIFTS)} in the catalogue", flush=True)
        print(f"packs: {priced} new or changed, {len(PACKS)} for sale", flush=True)
        print(f"tiers: {tiered} new or changed, {len(TIERS)} of subscriptions", flush=True)
        if demo:
            settings.require("signing_key", "redis_url")
            async with aclosing(redis_engine.connect(settings.redis_url)) as redis:
                with closing(Passwords()) as passwords:
                    print(f"note: {await Demo(pool, redis, passwords, settings).open()}", flush=True)


def main() -> None:
    """Seed the platform that the `LSX_*` variables name."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--demo", action="store_true", help="also make creators who are live and a viewer")
    asyncio.run(seed(Settings.from_env(), demo=arguments.parse_args().demo))


if __name__ == "__main__":
    main()
