"""Which profile a class needs: ours, with nothing from outside, or one for imported classes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import get_args

from ..errors import GeneratedCodeError
from ..sandbox import Pool, Profile, SealedClass
from ..sandbox.values import markers
from ..state import Json, same

PROFILES: tuple[Profile, ...] = get_args(Profile)
"""From ours to the most lenient one; each is tried when the one before does not take a class."""


@dataclass(frozen=True)
class Opening:
    """How a class opens."""

    profile: Profile
    """The first that takes the class; the last one tried where none does."""
    turned_down: dict[Profile, str]
    """Why the profiles before it do not take the class, and itself where none does."""
    opens: bool
    class_name: str = ""
    """Empty when no profile gets as far as finding the class."""
    state: dict[str, Json] | None = None
    """What instances are made from: what an instance made from the given state holds, where an
    instance made from that holds the same; otherwise the given state."""


def open_up(
    pool: Pool,
    source: str,
    class_name: str | None,
    state: dict[str, Json] | None,
    known: Mapping[Profile, str] = MappingProxyType({}),
) -> Opening:
    """Try the profiles on a class and a first state, `{}` where none is given.

    Args:
        known: profiles that are known not to do, with the reasons.

    Raises:
        SandboxError: the sealed execution itself failed.
    """
    given = state or {}
    turned_down = dict(known)
    name = ""
    for profile in (profile for profile in PROFILES if profile not in known):
        if profile != "upstream" and not same(markers.decode(given), given):
            turned_down[profile] = "the state holds typed markers, which only `upstream` reads"
            continue
        try:
            with pool.open(source, class_name, profile=profile, strict=True) as sealed:
                name = sealed.class_name
                start = _start(sealed, given, keep=profile == "native" and state is not None)
                return Opening(profile, turned_down, True, name, start)
        except GeneratedCodeError as error:
            turned_down[profile] = str(error)
    return Opening(PROFILES[-1], turned_down, False, name)


def _start(sealed: SealedClass, given: dict[str, Json], *, keep: bool) -> dict[str, Json]:
    """What instances are best made from; with `keep` the given state, if one can be made at all."""
    held = sealed.snapshot(sealed.create([given]))[0].state
    if keep:
        return given
    try:
        again = sealed.snapshot(sealed.create([held]))[0].state
    except GeneratedCodeError:
        return given
    return held if same(again, held) else given
