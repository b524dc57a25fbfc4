"""The worker: seals itself, then carries out the operations of one generated source.

It runs in a process forked by the zygote. Whatever the source does, the worst is that this process
ends: the host notices, starts another and rebuilds the instances.
"""

from __future__ import annotations

import gc
import mmap
import os
from typing import NoReturn

import msgspec

from . import seal
from .guard import Guard
from .program import Program
from .protocol import (
    ANSWER_BYTES,
    HEAD_BYTES,
    PAGE_BYTES,
    Answer,
    Hello,
    Limits,
    Load,
    Order,
    Outcome,
    frame,
    frame_length,
)

_DECODER = msgspec.msgpack.Decoder(Order)


def main(limits: Limits, channel: int, page: int) -> NoReturn:
    """Seal this process and serve the host; ends with the process."""
    progress = mmap.mmap(page, PAGE_BYTES)
    _send(frame(_seal(limits, channel)))
    gc.set_threshold(50_000, 20, 100)
    guard = Guard(limits)
    program: Program | None = None
    while True:
        order = _DECODER.decode(_receive(frame_length(_receive(HEAD_BYTES))))
        if isinstance(load := order.operations[0], Load):
            program = Program(limits, guard, load)
        assert program is not None, "the first operation of a worker is Load"
        _serve(order, program, progress)


def _seal(limits: Limits, channel: int) -> Hello:
    """Seal this process and try whether the seal holds."""
    try:
        layers = seal.seal(limits, channel)
    except seal.SealFault as error:
        return Hello((), str(error))
    found = ", ".join(seal.breaches())
    return Hello(layers, f"a sealed worker was still able to use {found}" if found else "")


def _serve(order: Order, program: Program, progress: mmap.mmap) -> None:
    """Carry out an order, telling the host how far it is."""
    outcomes: list[Outcome] = []
    size = 0
    for index, operation in enumerate(order.operations, 1):
        progress[:] = index.to_bytes(PAGE_BYTES, "little")
        load = isinstance(operation, Load)
        outcomes.append(program.load() if load else program.perform(operation))
        size += len(outcomes[-1].value) + len(outcomes[-1].error)
        if size > ANSWER_BYTES:
            _send(frame(Answer(order.number, outcomes)))
            outcomes, size = [], 0
    if outcomes:
        _send(frame(Answer(order.number, outcomes)))
    progress[:] = bytes(PAGE_BYTES)


def _receive(count: int) -> bytes:
    """Exactly so many bytes from the host; ends the process when the host is gone."""
    parts: list[bytes] = []
    while count:
        part = os.read(seal.SOCKET, min(count, 1 << 20))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _send(message: bytes) -> None:
    rest = memoryview(message)
    while rest:
        rest = rest[os.write(seal.SOCKET, rest) :]
