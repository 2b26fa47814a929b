"""`/login` and `/register`: the forms; scripts send them to `/api/auth`, which sets the cookies."""

from typing import Annotated

from litestar import Controller, get
from litestar.di import NamedDependency
from litestar.params import QueryParameter
from litestar.response import Redirect, Template

from api.pages.visit import Visit, own_path

Next = Annotated[str | None, QueryParameter(name="next", max_length=500)]


def show_form(visit: Visit, kind: str, then: str) -> Template | Redirect:
    """The form; somebody who is signed in is sent on at once."""
    if visit.viewer is not None:
        return Redirect(then, status_code=303)
    return visit.page("account.html", kind=kind, next=then, signup_tokens=visit.settings.signup_tokens)


class AccountPages(Controller):
    """`next` is where to go afterwards, a path of this site."""

    @get("/login")
    async def sign_in(self, visit: NamedDependency[Visit], then: Next = None) -> Template | Redirect:
        """The form to sign in."""
        return show_form(visit, "login", own_path(then))

    @get("/register")
    async def join(self, visit: NamedDependency[Visit], then: Next = None) -> Template | Redirect:
        """The form to make an account."""
        return show_form(visit, "register", own_path(then))
