"""A platform that is alive at first sight: creators who are live, and a viewer to sign in as.

Everything goes through the services, as if people had done it; what is there already is left alone.
"""

import base64
import contextlib

from redis.asyncio import Redis as AsyncRedis

from domain.accounts import service as accounts
from domain.accounts.model import User
from domain.accounts.passwords import Passwords
from domain.accounts.queries import password_hash
from domain.accounts.service import SignIn
from domain.accounts.tokens import AccessTokens, Claims, derive_key
from domain.economy.service import grant
from domain.interactions.challenges import service as challenges
from domain.interactions.challenges.model import ChallengeActive
from domain.interactions.challenges.model import Draft as Challenge
from domain.interactions.polls import service as polls
from domain.interactions.polls.model import Draft as Poll
from domain.interactions.polls.model import PollActive
from domain.profiles import service as profiles
from domain.streams import queries as stream_queries
from domain.streams import service as streams
from domain.streams.model import Draft
from livestreamx.clock import uuid7
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.settings import Settings

VIEWER = "demo"
VIEWER_TOKENS = 2500
FOLLOWED = 2
ASKING = 2
SOURCE = "demo"

POLL = Poll(question="What should we do next?", choices=("One more round", "Your requests", "A raid"), duration_s=1800)
CHALLENGE = Challenge(kind="reactions", target=500, duration_s=3600, reward="I sing the outro")

SHOWS: dict[str, Draft] = {
    "nova_plays": Draft(
        title="Fall Guys with friends: one crown before bed",
        category="Fall Guys",
        tags=("party", "viewers play"),
        language="en",
    ),
    "luma_keys": Draft(
        title="Piano requests, you name it I try it", category="Music", tags=("piano", "requests"), language="en"
    ),
    "pixel_forge": Draft(
        title="Day 12 of my tiny roguelike: shops and secret doors",
        category="Game Development",
        tags=("indie", "python", "pixel art"),
        language="en",
    ),
    "chef_mika": Draft(
        title="Ramen from scratch on a Sunday", category="Food & Drink", tags=("cooking", "cozy"), language="en"
    ),
    "ines_draws": Draft(title="Drawing your pets in ten minutes each", category="Art", tags=("sketch",), language="en"),
    "orbit_talks": Draft(
        title="What the new telescope saw this week",
        category="Science & Technology",
        tags=("space", "q&a"),
        language="en",
    ),
}


class Demo:
    """Sets the demo up; the accounts' one password belongs to this installation, so a second run knows it."""

    def __init__(self, pool: Pool, redis: AsyncRedis, passwords: Passwords, settings: Settings) -> None:
        self._pool, self._redis, self._passwords = pool, redis, passwords
        self._signup_tokens = settings.signup_tokens
        self._tokens = AccessTokens(settings.signing_key, settings.access_minutes)
        self._sign_in = SignIn(self._tokens, settings.refresh_days)
        secret = derive_key(settings.signing_key, "demo accounts")
        self.password = base64.b32encode(secret[:10]).decode().lower()

    async def open(self) -> str:
        """Bring everybody on; how to sign in, as one sentence."""
        creators = [user for handle, show in SHOWS.items() if (user := await self._go_live(handle, show))]
        viewer = await self._account(VIEWER)
        if viewer is None:
            return f"the name {VIEWER} belongs to somebody here, so there is no demo account"
        async with transaction(self._pool) as db:
            await grant(db, viewer.id, VIEWER_TOKENS, "topup", key="demo")
        for creator in creators[:ASKING]:
            await self._ask_room(creator)
        for creator in creators[:FOLLOWED]:
            await profiles.follow(self._pool, viewer.id, creator.id, SOURCE, "")
        studio = f", or as {creators[0].handle} to see a creator's studio" if creators else ""
        return f"sign in as {VIEWER} with the password {self.password}{studio}"

    async def _ask_room(self, creator: User) -> None:
        """A poll and a challenge in the creator's stream; those that are on are left alone."""
        async with connection(self._pool) as db:
            stream = await stream_queries.live_of(db, creator.id)
        if stream is None:
            return
        claims = self._claims(creator)
        with contextlib.suppress(PollActive):
            await polls.open_poll(self._pool, self._redis, stream.id, POLL, claims, present_seconds=0, request_id="")
        with contextlib.suppress(ChallengeActive):
            await challenges.start_challenge(self._pool, stream.id, CHALLENGE, claims, "")

    def _claims(self, user: User) -> Claims:
        """What a demo account does without signing in."""
        return self._tokens.verify(self._tokens.issue(user.id, user.handle, user.roles, uuid7()))

    async def _account(self, handle: str) -> User | None:
        """The demo account of this name, made when there is none; None when somebody else has the name."""
        async with connection(self._pool) as db:
            known = await password_hash(db, handle)
        if known is None:
            signed_in = await accounts.register(
                self._pool,
                self._passwords,
                self._sign_in,
                handle=handle,
                password=self.password,
                email=None,
                signup_tokens=self._signup_tokens,
                user_agent=SOURCE,
                request_id="",
            )
            return signed_in.user
        if not await self._passwords.verify(known[1], self.password):
            return None
        async with connection(self._pool) as db:
            return await accounts.find(db, known[0])

    async def _go_live(self, handle: str, show: Draft) -> User | None:
        """The creator, who is live afterwards; None when the name is taken."""
        user = await self._account(handle)
        if user is None:
            return None
        async with connection(self._pool) as db:
            if await stream_queries.live_of(db, user.id):
                return user
        creator = await accounts.become_creator(self._pool, user.id, "")
        stream = await streams.announce(self._pool, creator.id, show, "")
        await streams.move(self._pool, stream.id, "start", self._claims(creator), "")
        return creator
