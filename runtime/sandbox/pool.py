"""The pool: where sealed workers come from."""

from __future__ import annotations

import contextlib
import os
import threading
import weakref
from collections.abc import Mapping, Sequence
from typing import Self, TypeVar

from ..errors import GeneratedCodeError, SandboxError
from ..records import ToolSpec
from .keeper import Zygote
from .link import Worker
from .protocol import Limits, Load, PackageObject, Profile
from .sealed_checks import SealedChecks
from .sealed_class import SealedClass

_NAP_SECONDS = 0.1
_SHARED = 64
"""So many of the classes that all share keep their workers while others are used."""
S = TypeVar("S", SealedClass, SealedChecks)


class Pool:
    """Opens generated sources, each in sealed workers of its own; thread-safe.

    Nothing is started before the first source is opened. A source gets one worker, and up to
    `workers` of them (as many as there are processors, if not told) once it has instances for more.
    Workers that were not needed for `idle_seconds` are ended; they come back with all instances
    when the source is used again. `unsafe` accepts workers that cannot seal themselves: generated
    code then runs with the rights of this process.

    >>> with Pool() as pool, pool.open(source) as sealed:            # doctest: +SKIP
    ...     [ada, bob] = sealed.create([state, state])
    ...     [reply] = sealed.step([Call(ada, "rent_unit", {"unit_id": "U1"})])
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        workers: int | None = None,
        unsafe: bool = False,
        idle_seconds: float = 300.0,
    ) -> None:
        self.limits = limits or Limits()
        self.workers = workers or os.cpu_count() or 1
        self.unsafe = unsafe
        self._idle = idle_seconds
        self._host = os.getpid()
        self._lock = threading.Lock()
        self._sharing = threading.Lock()
        self._shared: dict[tuple[str, str | None], SealedClass] = {}
        self._zygote: Zygote | None = None
        self._spare: Worker | None = None
        self._rester: threading.Thread | None = None
        self._closed = threading.Event()
        self._opened: weakref.WeakSet[SealedClass | SealedChecks] = weakref.WeakSet()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(
        self,
        source: str,
        class_name: str | None = None,
        *,
        profile: Profile = "native",
        tools: Sequence[ToolSpec] | None = None,
        strict: bool = False,
    ) -> SealedClass:
        """Load a class; without a name, the only class with public methods.

        Our own classes are "native": neither clock nor chance, and the constructor takes the state.
        Those from elsewhere ("imported", "upstream") see a clock that stands still and chance that
        derives from the seed and the number of state changes; their constructor may take nothing,
        the state is then set attribute by attribute. With `tools`, only these can be called, and
        with arguments that fit them. `strict` looks after every call whether the state is JSON and,
        for our own classes, whether anything was changed that instances share; otherwise that shows
        a little later.

        Raises:
            GeneratedCodeError: the source cannot be used; its text names each fault by line.
            SandboxError: the sandbox itself failed; SealUnavailable where nothing can be sealed.
        """
        load = Load(_text(source), "class", class_name, profile, strict)
        return self._keep(SealedClass(self._worker, load, self.workers, tools))

    def shared(self, source: str, class_name: str | None = None) -> SealedClass:
        """One of our own classes, opened once for everybody who asks; the pool closes it.

        Drop the instances that you have created. A source that was given up is opened again.
        Raises as `open` does.
        """
        with self._sharing:
            sealed = self._shared.pop((source, class_name), None)
            if sealed is None or sealed.ended:
                sealed = self.open(source, class_name)
            self._shared[source, class_name] = sealed  # the last is the one used last
            for key, other in list(self._shared.items())[:-_SHARED]:
                other.rest(0)
                if not other.populated:
                    del self._shared[key]
            return sealed

    def open_package(
        self,
        objects: Mapping[str, PackageObject],
        *,
        tools: Sequence[ToolSpec] | None = None,
    ) -> SealedClass:
        """Open classes of installed packages as one environment.

        An instance has one object for each name in `objects` that its state has a key for. The
        packages are imported before the worker seals itself, with the rights of this process:
        their code must be as trustworthy as anything else that is installed. Raises as `open` does,
        and ConfigurationError where a class cannot be imported.
        """
        load = Load("", "package", profile="imported")
        return self._keep(SealedClass(lambda: self._importing(objects), load, self.workers, tools))

    def open_checks(
        self, source: str, function: str = "check", *, profile: Profile = "native"
    ) -> SealedChecks:
        """Load a function, which is called on fresh copies of its arguments; raises as `open`."""
        load = Load(_text(source), "function", function, profile)
        return self._keep(SealedChecks(self._worker, load, self.workers))

    def close(self) -> None:
        """End every worker and the zygote, also those at work for other threads; twice is fine."""
        self._closed.set()
        if os.getpid() != self._host:  # a forked copy: its locks may be held for ever
            for sealed in list(self._opened):
                sealed.close()
            return
        for sealed in self._all():
            sealed.close()
        with self._lock:
            spare, self._spare = self._spare, None
            zygote, self._zygote = self._zygote, None
        if spare is not None:
            spare.close()
        if zygote is not None:
            zygote.close()

    # -------------------------------------------------------------- workers

    def _worker(self) -> Worker:
        """A worker; the next one is forked at once, so that it seals itself in the meantime."""
        with self._lock:
            zygote = self._living()
            worker, self._spare = self._spare, None
            if worker is not None and not worker.usable:
                worker.close()
                worker = None
            if worker is None:
                worker = Worker(zygote, self.limits, unsafe=self.unsafe)
            zygote.reap()
            with contextlib.suppress(SandboxError):  # it is only for later
                self._spare = Worker(zygote, self.limits, unsafe=self.unsafe)
            return worker

    def _importing(self, objects: Mapping[str, PackageObject]) -> Worker:
        with self._lock:
            return Worker(self._living(), self.limits, unsafe=self.unsafe, objects=objects)

    def _living(self) -> Zygote:
        if os.getpid() != self._host:
            raise SandboxError("this pool was made before a fork; make a new one in this process")
        if self._closed.is_set():
            raise SandboxError("this pool was closed; make a new one")
        if self._zygote is not None and not self._zygote.alive:
            self._zygote.close()
            self._zygote = None
        if self._zygote is None:
            self._zygote = Zygote()
        if self._rester is None:
            arguments = (weakref.ref(self), self._closed, self._idle)
            self._rester = threading.Thread(
                target=_rest, args=arguments, name="envscaler-idle", daemon=True
            )
            self._rester.start()
        return self._zygote

    def _all(self) -> list[SealedClass | SealedChecks]:
        with self._lock:
            return list(self._opened)

    def _keep(self, sealed: S) -> S:
        with self._lock:
            self._opened.add(sealed)
        return sealed


def _rest(reference: weakref.ref[Pool], closed: threading.Event, seconds: float) -> None:
    """Let the sources of a pool rest that were not used for so long, until it is closed."""
    while not closed.wait(min(max(seconds / 4, _NAP_SECONDS), 60.0)):
        pool = reference()
        if pool is None:
            return
        for sealed in pool._all():
            sealed.rest(seconds)
        if (zygote := pool._zygote) is not None:
            zygote.reap()
        del pool


def _text(source: str) -> str:
    try:
        source.encode()
    except UnicodeEncodeError as error:
        raise GeneratedCodeError(f"the source is not text: {error}") from error
    return source
