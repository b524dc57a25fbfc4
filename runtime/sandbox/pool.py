"""The pool: where sealed workers come from."""

from __future__ import annotations

import threading
import weakref
from typing import Self, TypeVar

from ..errors import GeneratedCodeError, SandboxError
from .keeper import Zygote
from .link import Worker
from .protocol import Limits, Load
from .sealed import SealedChecks
from .sealed_class import SealedClass

S = TypeVar("S", SealedClass, SealedChecks)


class Pool:
    """Opens generated sources, each in a sealed worker of its own; thread-safe.

    Nothing is started before the first source is opened. `unsafe` accepts workers that cannot seal
    themselves: generated code then runs with the rights of this process.

    >>> with Pool() as pool, pool.open(source) as sealed:            # doctest: +SKIP
    ...     [ada, bob] = sealed.create([state, state])
    ...     [reply] = sealed.step([Call(ada, "rent_unit", {"unit_id": "U1"})])
    """

    def __init__(self, limits: Limits | None = None, *, unsafe: bool = False) -> None:
        self.limits = limits or Limits()
        self.unsafe = unsafe
        self._lock = threading.Lock()
        self._zygote: Zygote | None = None
        self._closed = False
        self._opened: weakref.WeakSet[SealedClass | SealedChecks] = weakref.WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(
        self, source: str, class_name: str | None = None, *, native: bool = True
    ) -> SealedClass:
        """Load a class; without a name, the only class with public methods.

        Our own classes are `native`: neither clock nor chance, and the constructor takes the state.
        Imported ones see a clock that stands still and chance that derives from the seed; their
        constructor may take nothing, the state is then set attribute by attribute.

        Raises:
            GeneratedCodeError: the source cannot be used; its text names each fault by line.
            SandboxError: the sandbox itself failed; SealUnavailable where nothing can be sealed.
        """
        load = Load(_text(source), "class", class_name, native)
        return self._keep(SealedClass(self._spawn, load))

    def open_checks(
        self, source: str, function: str = "check", *, native: bool = True
    ) -> SealedChecks:
        """Load a function; raises as `open` does."""
        load = Load(_text(source), "function", function, native)
        return self._keep(SealedChecks(self._spawn, load))

    def close(self) -> None:
        """End every worker and the zygote; closing twice is fine."""
        for sealed in list(self._opened):
            sealed.close()
        with self._lock:
            self._closed = True
            if self._zygote is not None:
                self._zygote.close()
                self._zygote = None

    def _spawn(self) -> Worker:
        with self._lock:
            if self._closed:
                raise SandboxError("this pool was closed; make a new one")
            if self._zygote is not None and not self._zygote.alive:
                self._zygote.close()
                self._zygote = None
            if self._zygote is None:
                self._zygote = Zygote()
            zygote = self._zygote
        return Worker(zygote, self.limits, unsafe=self.unsafe)

    def _keep(self, sealed: S) -> S:
        self._opened.add(sealed)
        return sealed


def _text(source: str) -> str:
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise GeneratedCodeError(f"the source is not text: {error}") from error
    return source
