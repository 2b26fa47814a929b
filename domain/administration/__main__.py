"""`python -m domain.administration HANDLE`: names somebody an admin, for whoever runs the platform; audited.

Admins name further ones at `/admin`; this is how the first one comes to be.
"""

import argparse
import asyncio
import sys

from domain.accounts.queries import find_by_handle
from domain.administration.service import ADMIN, name_admin
from livestreamx.engines.postgres import connection, make_pool
from livestreamx.errors import NotFound
from livestreamx.observe.request import adopt_request_id
from livestreamx.settings import Settings


async def grant(settings: Settings, handle: str) -> str:
    """What was done, in words; `NotFound` where nobody has this handle."""
    settings.require("postgres_url")
    async with make_pool(settings.postgres_url, name="livestreamx-admin") as pool:
        async with connection(pool) as db:
            user = await find_by_handle(db, handle.removeprefix("@").lower())
        if user is None:
            raise NotFound(f"nobody is called {handle}: register the account first")
        if ADMIN in user.roles:
            return f"{user.handle} is an admin already"
        await name_admin(pool, user.id, is_admin=True, admin_id=None, request_id=adopt_request_id(None))
    return f"{user.handle} is an admin from their next sign-in or refresh on"


def main() -> int:
    """The exit code: 0 once the account is an admin's, 1 where there is none of this name."""
    arguments = argparse.ArgumentParser(prog="livestreamx admin", description="Name somebody an admin.")
    arguments.add_argument("handle", help="the handle of an account that exists")
    try:
        print(asyncio.run(grant(Settings.from_env(), arguments.parse_args().handle)))
    except NotFound as error:
        print(f"livestreamx: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
