"""The worker: seals itself, then carries out the operations of one generated source.

It runs in a process forked by the zygote. Whatever the source does, the worst is that this process
ends: the host notices, starts another and rebuilds the instances.
"""

from __future__ import annotations

import gc
import io
import mmap
import os
import select
from typing import NoReturn

import msgspec

from ..language.virtual import Chance
from ..protocol import (
    ANSWER_BYTES,
    FEW_OPERATIONS,
    HEAD_BYTES,
    PAGE_BYTES,
    Answer,
    Failure,
    Hello,
    Load,
    Order,
    Outcome,
    Spawn,
    frame,
    frame_length,
)
from . import seal
from .guard import Guard
from .package import PackageSubject, imported
from .program import Program

_DECODER = msgspec.msgpack.Decoder(Order)
_READ_BYTES = 1 << 16
_SPINS = 100
"""Looks, of about a microsecond each, for a next order before the process goes to sleep."""
_OLD = 50
"""Every so many collections concern the old objects, too."""
_GARBAGE = 50_000
"""Objects made since the last collection that make another worth while."""


def main(order: Spawn, channel: int, page: int) -> NoReturn:
    """Seal this process and serve the host; ends with the process."""
    limits = order.limits
    progress = memoryview(mmap.mmap(page, PAGE_BYTES)).cast("Q")
    package, trouble = _import(order)
    seal.prefer_for_death()
    hello = _seal(order, channel)
    _send(frame(Hello(hello.layers, hello.fault, trouble)))
    gc.disable()  # see `_tidy`
    guard = Guard(limits)
    line = _Line()
    program: Program | None = None
    few, tidied = False, 0
    while True:
        received = line.receive(eager=few)
        few = len(received.operations) <= FEW_OPERATIONS
        if isinstance(load := received.operations[0], Load):
            program = Program(limits, guard, load, package=package, progress=progress)
        assert program is not None, "the first operation of a worker is Load"
        _serve(received, program, progress)
        if gc.get_count()[0] > _GARBAGE:
            tidied += 1
            _tidy(old=tidied % _OLD == 0)


def _import(order: Spawn) -> tuple[PackageSubject | None, str]:
    """The packages' classes, or why they cannot be had."""
    if not order.objects:
        return None, ""
    try:
        return imported(order.objects, Chance()), ""
    except Exception as error:
        return None, str(error)


def _seal(order: Spawn, channel: int) -> Hello:
    """Seal this process and try whether the seal holds."""
    try:
        layers = seal.seal(order.limits, channel)
    except seal.SealFault as error:
        return Hello((), str(error))
    found = ", ".join(seal.breaches())
    return Hello(layers, f"a sealed worker was still able to use {found}" if found else "")


def _tidy(*, old: bool) -> None:
    """Collect cycles between orders, lest finalizers run in the time of somebody else's call."""
    gc.collect(2 if old else 1)


def _serve(order: Order, program: Program, progress: memoryview) -> None:
    """Carry out an order, telling the host how far it is."""
    outcomes: list[Outcome] = []
    size = 0
    perform = program.perform
    for index, operation in enumerate(order.operations, 1):
        progress[0] = index
        kind = type(operation)
        outcome = program.load() if kind is Load else perform[kind](operation)
        outcomes.append(outcome)
        size += len(outcome.error if isinstance(outcome, Failure) else outcome)
        if size > ANSWER_BYTES and index < len(order.operations):
            _send(frame(Answer(order.number, outcomes)))
            outcomes, size = [], 0
    _send(frame(Answer(order.number, outcomes, program.leak())))
    progress[0] = 0


class _Line:
    """What comes in from the host."""

    def __init__(self) -> None:
        self._file = io.FileIO(seal.SOCKET, "r+", closefd=False)
        self._arrival = select.poll()
        self._arrival.register(seal.SOCKET, select.POLLIN)
        self._buffer = bytearray(_READ_BYTES)

    def receive(self, *, eager: bool) -> Order:
        """The next order; ends the process when the host is gone.

        A single call takes longer to wake this process than to be carried out: `eager` keeps awake
        a moment for another one.
        """
        spins = _SPINS if eager else 0
        while spins and not self._arrival.poll(0):
            os.sched_yield()  # both may be on one processor
            spins -= 1
        filled = self._read(0)
        while filled < HEAD_BYTES:
            filled += self._read(filled)
        end = HEAD_BYTES + frame_length(self._buffer)
        if end > len(self._buffer):
            self._buffer.extend(bytes(end - len(self._buffer)))
        while filled < end:
            filled += self._read(filled)
        return _DECODER.decode(memoryview(self._buffer)[HEAD_BYTES:end])

    def _read(self, start: int) -> int:
        count = self._file.readinto(memoryview(self._buffer)[start:])
        if not count:
            os._exit(0)
        return count


def _send(message: bytearray) -> None:
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(seal.SOCKET, rest) :]
