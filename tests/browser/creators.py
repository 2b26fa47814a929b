"""Creators who act through the API and sit at a browser of their own as well."""

import secrets
from typing import Any

import httpx

from livestreamx.client import Account
from tests.browser.guests import PASSWORD, Guest, NewGuest


async def make_creator(http: httpx.AsyncClient) -> Account:
    """A new creator, with the password that guests know."""
    creator = await Account.register(http, f"ada_{secrets.token_hex(5)}", PASSWORD)
    await creator.become_creator()
    return creator


async def sit_down_as(guest: NewGuest, creator: Account, **options: Any) -> Guest:
    """A browser in which the creator is signed in; takes what `Browser.new_context` takes."""
    ada: Guest = await guest(**options)
    await ada.sign_in(creator.handle)
    return ada
