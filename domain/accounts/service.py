"""Registration, sign-in, refresh with rotation and reuse detection, sessions, and becoming a creator."""

from datetime import timedelta
from uuid import UUID

import msgspec
from psycopg.errors import UniqueViolation

from domain.accounts import queries
from domain.accounts.model import Session, SignedIn, User
from domain.accounts.passwords import Passwords
from domain.accounts.refresh import hash_refresh_token, make_refresh_token
from domain.accounts.tokens import AccessTokens, Claims
from domain.audit.service import note
from domain.economy.service import open_wallet
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Conflict, NotFound, Unauthenticated
from livestreamx.events import CreatorEnrolled, UserRegistered

MOST_USER_AGENT = 200


class SignIn(msgspec.Struct, frozen=True):
    """What issuing tokens takes: the signer, and for how long a refresh token is good."""

    tokens: AccessTokens
    refresh_days: int

    async def begin(self, db: Db, user: User, user_agent: str) -> SignedIn:
        """A new session of this user."""
        session_id = await queries.insert_session(db, user.id, user_agent[:MOST_USER_AGENT].replace("\0", ""))
        return await self.issue(db, user, session_id)

    async def issue(self, db: Db, user: User, session_id: UUID) -> SignedIn:
        """The session's next pair of tokens."""
        refresh = make_refresh_token(session_id)
        expires_at = now() + timedelta(days=self.refresh_days)
        await queries.insert_refresh_token(db, hash_refresh_token(refresh), session_id, expires_at)
        access = self.tokens.issue(user.id, user.handle, user.roles, session_id)
        return SignedIn(user=user, session_id=session_id, access=access, refresh=refresh)


async def register(
    pool: Pool,
    passwords: Passwords,
    sign_in: SignIn,
    *,
    handle: str,
    password: str,
    email: str | None,
    signup_tokens: int,
    user_agent: str,
    request_id: str,
) -> SignedIn:
    """Open an account with its wallet and sign in; `Conflict` with code `handle_taken`."""
    hashed = await passwords.hash(password)
    async with transaction(pool) as db:
        try:
            user = await queries.insert_user(db, handle, email, hashed)
        except UniqueViolation as error:
            raise Conflict(f"The handle {handle} is taken", code="handle_taken") from error
        await open_wallet(db, user.id, signup_tokens, request_id)
        await record(db, UserRegistered(user_id=user.id, handle=handle), request_id=request_id)
        return await sign_in.begin(db, user, user_agent)


async def log_in(
    pool: Pool, passwords: Passwords, sign_in: SignIn, *, handle: str, password: str, user_agent: str
) -> SignedIn:
    """Begin a session; `Unauthenticated` with code `wrong_credentials`, the same for no such user."""
    async with connection(pool) as db:
        found = await queries.password_hash(db, handle)
    if not await passwords.verify(found[1] if found else None, password) or found is None:
        raise Unauthenticated("Handle or password is wrong", code="wrong_credentials")
    async with transaction(pool) as db:
        return await sign_in.begin(db, await find(db, found[0]), user_agent)


async def refresh(pool: Pool, sign_in: SignIn, token: str) -> SignedIn:
    """Exchange a refresh token for the next pair; each token is good once.

    `Unauthenticated` with code `refresh_invalid`, `refresh_expired`, `session_revoked`, or `refresh_reused`: a token
    that comes twice was stolen or copied, so its whole session is revoked.
    """
    digest, at = hash_refresh_token(token), now()
    async with transaction(pool) as db:
        used = await queries.use_refresh_token(db, digest, at)
        if used is not None:
            session_id, expires_at = used
            user_id = await queries.touch_session(db, session_id, at)
            if user_id is None:
                raise Unauthenticated("This session was ended: sign in again", code="session_revoked")
            if expires_at <= at:
                raise Unauthenticated("The refresh token has expired: sign in again", code="refresh_expired")
            return await sign_in.issue(db, await find(db, user_id), session_id)
        reused = await queries.session_of_refresh_token(db, digest)
        if reused is not None:
            await queries.revoke_session(db, reused, "reuse", at)
    # Outside the transaction, so that the revocation stays.
    if reused is None:
        raise Unauthenticated("The refresh token is not known", code="refresh_invalid")
    raise Unauthenticated("The refresh token was used before: the session is revoked", code="refresh_reused")


async def renew_access(pool: Pool, tokens: AccessTokens, claims: Claims) -> str:
    """A fresh access token of a session that still holds, with the roles of today; no rotation."""
    async with connection(pool) as db:
        if not await queries.session_holds(db, claims.sid, claims.sub):
            raise Unauthenticated("This session was ended: sign in again", code="session_revoked")
        user = await find(db, claims.sub)
    return tokens.issue(user.id, user.handle, user.roles, claims.sid)


async def log_out(pool: Pool, token: str | None, claims: Claims | None) -> None:
    """End the session of a refresh token, else of an access token; ending it twice is no error."""
    async with transaction(pool) as db:
        session_id = await queries.session_of_refresh_token(db, hash_refresh_token(token)) if token else None
        if session_id is None and claims is not None:
            session_id = claims.sid
        if session_id is None:
            raise Unauthenticated("Send the refresh token or an access token of the session to end")
        await queries.revoke_session(db, session_id, "logout", now())


async def sessions(pool: Pool, user_id: UUID) -> list[Session]:
    """The user's open sessions, the last used first."""
    async with connection(pool) as db:
        return await queries.sessions_of(db, user_id, now())


async def end_session(pool: Pool, user_id: UUID, session_id: UUID) -> None:
    """End one of the user's sessions; `NotFound` when it is not theirs or already over."""
    async with connection(pool) as db:
        if not await queries.revoke_session(db, session_id, "ended by user", now(), user_id):
            raise NotFound("You have no such session")


async def end_all_sessions(pool: Pool, user_id: UUID) -> int:
    """End all of the user's sessions; how many."""
    async with connection(pool) as db:
        return await queries.revoke_all(db, user_id, "ended by user", now())


async def find(db: Db, user_id: UUID) -> User:
    """The account; `NotFound` when it is gone."""
    user = await queries.find_user(db, user_id)
    if user is None:
        raise NotFound("This account does not exist any more", code="user_not_found")
    return user


async def find_by_handle(db: Db, handle: str) -> User:
    """The account of a handle; `NotFound` when there is none."""
    user = await queries.find_by_handle(db, handle)
    if user is None:
        raise NotFound("There is nobody of this name", code="user_not_found")
    return user


async def become_creator(pool: Pool, user_id: UUID, request_id: str) -> User:
    """Give the account the role that opens streams; doing it again changes nothing."""
    async with transaction(pool) as db:
        before = await find(db, user_id)
        if await queries.add_role(db, user_id, "creator"):
            after = await find(db, user_id)
            await record(
                db, CreatorEnrolled(user_id=user_id, creator_id=user_id, handle=after.handle), request_id=request_id
            )
            await note(
                db,
                actor_id=user_id,
                action="role.granted",
                subject=f"user:{user_id}",
                before={"roles": before.roles},
                after={"roles": after.roles},
                request_id=request_id,
            )
            return after
        return before
