"""The first admin is named from the command line: once, with an event and an entry in the audit log."""

import asyncio
import sys

from httpx import AsyncClient

from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from tests.conftest import environment
from tests.integration.people import Person


async def name_admin(settings: Settings, handle: str) -> tuple[int | None, str]:
    """Exit code and what was said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "livestreamx", "admin", handle),
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    return process.returncode, out.decode()


async def test_somebody_who_has_registered_becomes_an_admin_once(
    api: AsyncClient, pool: Pool, settings: Settings
) -> None:
    ada = await Person.register(api)
    assert (await ada.ask("GET", "/api/admin/audit")).status_code == 403
    assert await name_admin(settings, ada.handle.upper()) == (
        0,
        f"{ada.handle} is an admin from their next sign-in or refresh on\n",
    )
    assert await name_admin(settings, f"@{ada.handle}") == (0, f"{ada.handle} is an admin already\n")
    await ada.refresh()
    log = await ada.ask("GET", "/api/admin/audit", params={"action": "role"})
    (entry,) = [one for one in log.json()["items"] if one["subject"] == f"user:{ada.id}"]
    assert (entry["action"], entry["actor"], entry["after"]["roles"]) == ("role.granted", None, ["viewer", "admin"])
    async with pool.connection() as db:
        done = await db.execute(
            "SELECT count(*) FROM outbox WHERE convert_from(payload, 'UTF8')::jsonb ->> 'target_id' = %s",
            (str(ada.id),),
        )
        assert await done.fetchone() == (1,)


async def test_nobody_of_this_name_is_said_so(settings: Settings) -> None:
    code, said = await name_admin(settings, "nobody_at_all")
    assert (code, said) == (1, "livestreamx: nobody is called nobody_at_all: register the account first\n")
