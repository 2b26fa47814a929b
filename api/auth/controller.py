"""`/api/auth`: register, sign in, refresh, sign out. Scripts get their tokens in the body, browsers in cookies."""

from types import MappingProxyType
from typing import Annotated, Any

import msgspec
from litestar import Controller, Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import JSONBody

from api import problems
from api.auth.cookies import REFRESH_COOKIE, clear_session_cookies, csrf_of, renew_access_cookie, set_session_cookies
from api.auth.csrf import BEGINS_SESSION
from api.limits import ADDRESS_LIMITS, LOGIN, REGISTER
from api.people import PublicUser
from api.schema import Body, View
from domain.accounts import service as accounts
from domain.accounts.model import EMAIL_PATTERN, HANDLE_PATTERN, PASSWORD_CHARACTERS, SignedIn
from domain.accounts.passwords import Passwords
from domain.accounts.service import SignIn
from domain.accounts.tokens import AccessTokens, Claims
from livestreamx.engines.postgres import Pool
from livestreamx.errors import Unauthenticated
from livestreamx.settings import Settings

AnyRequest = Request[Any, Any, Any]
NO_STORE = {"Cache-Control": "no-store"}

Handle = Annotated[
    str, msgspec.Meta(pattern=HANDLE_PATTERN, description="3 to 20 of a-z, 0-9 and _", examples=["ada_plays"])
]
NewPassword = Annotated[
    str,
    msgspec.Meta(
        min_length=PASSWORD_CHARACTERS[0], max_length=PASSWORD_CHARACTERS[1], examples=["correct horse battery staple"]
    ),
]
Email = Annotated[str, msgspec.Meta(max_length=254, pattern=EMAIL_PATTERN, examples=["ada@example.org"])]
RefreshToken = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
WithCookies = Annotated[bool, msgspec.Meta(description="keep the session in cookies; then no refresh token is sent")]


class Registration(Body, frozen=True, kw_only=True):
    handle: Handle
    password: NewPassword
    email: Email | None = None
    cookies: WithCookies = False


class Credentials(Body, frozen=True, kw_only=True):
    handle: Annotated[str, msgspec.Meta(max_length=100, examples=["ada_plays"])]
    password: Annotated[str, msgspec.Meta(max_length=256, examples=["correct horse battery staple"])]
    cookies: WithCookies = False


class RefreshBody(Body, frozen=True, kw_only=True):
    refresh: RefreshToken | None = None


class Tokens(View, frozen=True, kw_only=True):
    """A fresh pair. With cookies `refresh` is null and `csrf` is what unsafe requests send in `X-CSRF-Token`."""

    user: PublicUser
    access: str
    expires_in: Annotated[int, msgspec.Meta(description="seconds that `access` is good", examples=[900])]
    refresh: str | None
    csrf: str | None = None


class Access(View, frozen=True, kw_only=True):
    """An access token of the same session, with the roles of today."""

    access: str
    expires_in: int


def answer(settings: Settings, signed_in: SignedIn, *, cookies: bool, status: int = 200) -> Response[Tokens]:
    """The pair of tokens: in the body, or in cookies."""
    body = Tokens(
        user=PublicUser.of(signed_in.user),
        access=signed_in.access,
        expires_in=settings.access_minutes * 60,
        refresh=None if cookies else signed_in.refresh,
        csrf=csrf_of(settings, signed_in) if cookies else None,
    )
    response = Response(body, status_code=status, headers=NO_STORE)
    if cookies:
        set_session_cookies(response, settings, signed_in)
    return response


def provide_sign_in(tokens: NamedDependency[AccessTokens], settings: NamedDependency[Settings]) -> SignIn:
    return SignIn(tokens, settings.refresh_days)


def user_agent(request: AnyRequest) -> str:
    return request.headers.get("user-agent", "")


class AuthController(Controller):
    path = "/api/auth"
    tags = ("Accounts",)
    dependencies = MappingProxyType({"sign_in": Provide(provide_sign_in, sync_to_thread=False)})

    @post("/register", opt={ADDRESS_LIMITS: (REGISTER,), BEGINS_SESSION: True})
    async def register(
        self,
        data: JSONBody[Registration],
        request: AnyRequest,
        pool: NamedDependency[Pool],
        passwords: NamedDependency[Passwords],
        sign_in: NamedDependency[SignIn],
        settings: NamedDependency[Settings],
        request_id: NamedDependency[str],
    ) -> Response[Tokens]:
        """Open an account with its wallet. 409 `handle_taken`."""
        signed_in = await accounts.register(
            pool,
            passwords,
            sign_in,
            handle=data.handle,
            password=data.password,
            email=data.email,
            signup_tokens=settings.signup_tokens,
            user_agent=user_agent(request),
            request_id=request_id,
        )
        return answer(settings, signed_in, cookies=data.cookies, status=201)

    @post("/login", status_code=200, opt={ADDRESS_LIMITS: (LOGIN,), BEGINS_SESSION: True})
    async def login(
        self,
        data: JSONBody[Credentials],
        request: AnyRequest,
        pool: NamedDependency[Pool],
        passwords: NamedDependency[Passwords],
        sign_in: NamedDependency[SignIn],
        settings: NamedDependency[Settings],
    ) -> Response[Tokens]:
        """Begin a session. 401 `wrong_credentials`, the same for an unknown handle."""
        signed_in = await accounts.log_in(
            pool, passwords, sign_in, handle=data.handle, password=data.password, user_agent=user_agent(request)
        )
        return answer(settings, signed_in, cookies=data.cookies)

    @post("/refresh", status_code=200)
    async def refresh(
        self,
        request: AnyRequest,
        pool: NamedDependency[Pool],
        sign_in: NamedDependency[SignIn],
        settings: NamedDependency[Settings],
        data: JSONBody[RefreshBody | None] = None,
    ) -> Response[Any]:
        """Exchange a refresh token (body or cookie) for the next pair. 401 `refresh_reused` ends the session."""
        if data is not None and data.refresh is not None:
            return answer(settings, await accounts.refresh(pool, sign_in, data.refresh), cookies=False)
        kept = request.cookies.get(REFRESH_COOKIE)
        if not kept:
            raise Unauthenticated("Send a refresh token", code="refresh_missing")
        try:
            return answer(settings, await accounts.refresh(pool, sign_in, kept), cookies=True)
        except Unauthenticated as error:
            refused = problems.from_domain(request, error)
            clear_session_cookies(refused)
            return refused

    @get("/access")
    async def access(
        self,
        request: AnyRequest,
        user: NamedDependency[Claims],
        pool: NamedDependency[Pool],
        tokens: NamedDependency[AccessTokens],
        settings: NamedDependency[Settings],
    ) -> Response[Access]:
        """A fresh access token of the same session, such as a page needs for its socket. No rotation."""
        access = await accounts.renew_access(pool, tokens, user)
        response = Response(Access(access=access, expires_in=settings.access_minutes * 60), headers=NO_STORE)
        renew_access_cookie(request, response, settings, access)
        return response

    @post("/logout", status_code=204)
    async def logout(
        self,
        request: AnyRequest,
        pool: NamedDependency[Pool],
        visitor: NamedDependency[Claims | None],
        data: JSONBody[RefreshBody | None] = None,
    ) -> Response[None]:
        """End the session of the refresh token (body or cookie) or of the access token; twice is no error."""
        token = data.refresh if data is not None and data.refresh else request.cookies.get(REFRESH_COOKIE)
        await accounts.log_out(pool, token, visitor)
        response = Response(None, status_code=204)
        clear_session_cookies(response)
        return response


@get("/.well-known/jwks.json", tags=["Accounts"], sync_to_thread=False)
def jwks(tokens: NamedDependency[AccessTokens]) -> dict[str, list[dict[str, str]]]:
    """The public keys that access tokens are signed with (RFC 7517)."""
    return tokens.jwks()
