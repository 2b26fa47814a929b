"""Who is on a socket: the `auth` frame signs in, renews before expiry, and changes who is present."""

from functools import lru_cache

import msgspec

from domain.accounts import service as accounts
from domain.accounts.tokens import Claims
from domain.moderation import service as moderation
from domain.moderation.model import PLAIN, SUBSCRIBER, Banned, Standing
from livestreamx.engines.postgres import connection
from livestreamx.errors import NotFound
from livestreamx.frames import Auth, AuthExpired, Person, StandingChanged
from livestreamx.frames.answers import SignedIn
from realtime.context import Context
from realtime.people import People
from realtime.presence import Presence
from realtime.session import Session, Spawn


def wearing(person: Person, standing: Standing) -> Person:
    """The person with the badges of this channel after their own."""
    own = tuple(badge for badge in person.badges if not badge.startswith(SUBSCRIBER))
    return msgspec.structs.replace(person, badges=own + standing.badges)


@lru_cache(maxsize=64)
def alike(roles: tuple[str, ...]) -> tuple[str, ...]:
    """The roles: whoever has the same shares one tuple of them."""
    return roles


def sharing(claims: Claims, person: Person) -> Claims:
    """The claims without a second copy of what is known already: a socket keeps them for hours."""
    return msgspec.structs.replace(claims, sub=person.id, handle=person.handle, roles=alike(claims.roles))


class Identity:
    """Signs sessions in and out; one a process."""

    def __init__(self, context: Context, people: People, presence: Presence, spawn: Spawn) -> None:
        self._tokens, self._pool = context.tokens, context.pool
        self._people, self._presence, self._spawn = people, presence, spawn

    async def sign_in(self, session: Session, request: Auth) -> SignedIn:
        """`Unauthenticated` for a token that is not good, which changes nothing."""
        claims = self._tokens.verify_once(request.token)
        person = session.person
        if person is None or person.id != claims.sub:
            async with connection(self._pool) as db:
                user = await accounts.find(db, claims.sub)
            await self.sign_out(session)
            person = Person(id=claims.sub, handle=user.handle, level=user.level, badges=user.badges)
            session.claims, session.person = claims, person
            await self._people.add(claims.sub, session)
        session.claims, session.person = sharing(claims, person), person
        await self._read_standing(session)
        if session.room.private and session.generation == 0:
            if not session.runs:
                raise NotFound("There is no such stream", code="stream_not_found")
            session.come_into_step()
        self._spawn(self._presence.enter(session))
        return SignedIn(userId=claims.sub, handle=claims.handle, roles=claims.roles)

    async def _read_standing(self, session: Session) -> None:
        """Ask what the person is in this channel; of two readings at once the one that began last counts."""
        claims = session.claims
        if claims is None:
            return
        session.standing_asked += 1
        asked = session.standing_asked
        async with connection(self._pool) as db:
            standing = await moderation.standing(db, claims.sub, session.room.stream.creatorId)
        if session.standing_asked == asked and session.claims is not None:
            session.standing = PLAIN if standing == PLAIN else standing  # most people have the same one
            if session.person is not None:
                session.person = wearing(session.person, standing)

    async def reconsider(self, session: Session) -> None:
        """Their standing may have changed: read it again, and tell this socket what is different."""
        before = session.standing
        await self._read_standing(session)
        standing = session.standing
        if standing == before:
            return
        changed = StandingChanged(
            moderator=session.moderates,
            banned=standing.is_banned,
            until=standing.until,
            reason=standing.reason,
            tier=standing.tier,
        )
        session.tell("standing:changed", changed)
        if standing.is_banned:
            session.refuse(Banned(standing.until, standing.reason))

    async def expire(self, session: Session) -> None:
        """The access token ran out: from now on an anonymous reader."""
        session.tell("auth:expired", AuthExpired(message="The access token has expired: send auth with a new one"))
        await self.sign_out(session)

    async def sign_out(self, session: Session) -> None:
        """Whoever was signed in is not any more."""
        claims, session.claims, session.person = session.claims, None, None
        session.standing = PLAIN
        if claims is not None:
            await self._people.remove(claims.sub, session)
