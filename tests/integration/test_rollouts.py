"""Features for a share of people: the same ones each time, more of them as it grows, and a row in the audit log."""

from uuid import UUID

from httpx import AsyncClient

from domain.rollouts.model import Rollout
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool
from tests.integration.people import Person

FEATURES = "/api/admin/features"


def reached(share: int, people: list[UUID]) -> set[UUID]:
    rollout = Rollout(feature="upcoming", share=share)
    return {person for person in people if rollout.reaches(person)}


def test_a_share_is_kept_and_grows() -> None:
    people = [uuid7() for _ in range(2000)]
    tenth, half = reached(10, people), reached(50, people)
    assert 120 < len(tenth) < 280
    assert 880 < len(half) < 1120
    assert tenth < half
    assert reached(100, people) == set(people)
    assert not reached(0, people)
    assert reached(50, people) != {one for one in people if Rollout(feature="moments", share=50).reaches(one)}


def test_who_is_not_signed_in_has_what_everybody_has() -> None:
    assert Rollout(feature="upcoming").reaches(None)
    assert not Rollout(feature="upcoming", share=99).reaches(None)
    assert not Rollout(feature="upcoming", is_on=False).reaches(uuid7())


async def test_a_decision_is_kept_and_audited_once(api: AsyncClient, pool: Pool) -> None:
    admin = await Person.admin(api, pool)
    for _ in range(2):
        answer = await admin.ask("PUT", f"{FEATURES}/moments", json={"on": True, "share": 40})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["on"], answer.json()["share"]) == (True, 40)
    listed = (await admin.ask("GET", FEATURES)).json()["items"]
    assert {one["name"]: one["changedBy"] for one in listed}["moments"] == admin.handle
    found = (await admin.ask("GET", "/api/admin/audit?action=feature")).json()["items"]
    own = [entry for entry in found if entry["actorId"] == str(admin.id)]
    assert [(entry["subject"], entry["after"]) for entry in own] == [("feature:moments", {"on": True, "share": 40})]
    await admin.ask("PUT", f"{FEATURES}/moments", json={"on": True})


async def test_what_is_wrong_is_refused(api: AsyncClient, pool: Pool) -> None:
    admin, viewer = await Person.admin(api, pool), await Person.register(api)
    assert (await admin.ask("PUT", f"{FEATURES}/nothing", json={"on": True})).status_code == 404
    assert (await admin.ask("PUT", f"{FEATURES}/upcoming", json={"on": True, "share": 101})).status_code == 422
    assert (await viewer.ask("PUT", f"{FEATURES}/upcoming", json={"on": False})).status_code == 403
