"""What decides, beside habits, what somebody may be recommended at this moment."""

from uuid import UUID

import msgspec


class Grounds(msgspec.Struct, frozen=True, kw_only=True):
    """Whom they follow, which channels banned them, whether they opted out, and what must not be shown any more.

    `withdrawn` are streams that changed lately and may not be shown to them, each the one of `withdrawn_by` at its
    place.
    """

    follows: frozenset[UUID] = frozenset()
    banned_by: frozenset[UUID] = frozenset()
    opt_out: bool = False
    withdrawn: tuple[UUID, ...] = ()
    withdrawn_by: tuple[UUID, ...] = ()
