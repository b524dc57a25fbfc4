"""A generated check as the host handles it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..state import Json
from .protocol import Evaluate
from .reports import Reply, reply_of
from .sealed import Sealed, encode


class SealedChecks(Sealed):
    """A generated function in workers that see nothing but its arguments."""

    def evaluate(self, arguments: Iterable[Sequence[Json]]) -> list[Reply]:
        """Call the function once for each tuple of positional arguments.

        An argument may be `msgspec.Raw`: JSON text that is passed on as it is.
        """
        with self._lock:
            return list(map(reply_of, self._run([Evaluate(encode(list(a))) for a in arguments])))
