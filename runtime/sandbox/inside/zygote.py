"""The zygote: a small, single-threaded process that forks workers and ends them.

It never sees generated code. It imports once what workers need, so that a worker costs a fork;
being their parent, it can kill and await them without mistaking one process for another. It ends
when the host does: by the parent-death signal, and by the end of its control socket.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import traceback
import warnings

import msgspec

from ..protocol import HEAD_BYTES, READY, Command, Kill, Spawn, frame_length
from . import seal, worker

_DECODER = msgspec.msgpack.Decoder(Command)


def main(control: int, host: int) -> None:
    """Serve the host until it goes away."""
    seal.die_with(host)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.simplefilter("ignore")
    gc.collect()
    gc.freeze()
    channel = socket.socket(fileno=control)
    workers: set[int] = set()
    channel.sendall(READY)
    while (received := _receive(channel)) is not None:
        command, descriptors = received
        if isinstance(command, Spawn):
            workers.add(pid := _fork(command, descriptors))
        else:
            pid = command.pid
            _end(command, workers)
        channel.sendall(pid.to_bytes(4, "little"))
    for pid in workers:
        os.kill(pid, signal.SIGKILL)


def _receive(channel: socket.socket) -> tuple[Command, list[int]] | None:
    """The next command with the descriptors that came beside it; None when the host is gone."""
    head, descriptors, _, _ = socket.recv_fds(channel, HEAD_BYTES, 2)
    if len(head) < HEAD_BYTES:
        return None
    body = channel.recv(frame_length(head), socket.MSG_WAITALL)
    return _DECODER.decode(body), descriptors


def _fork(command: Spawn, descriptors: list[int]) -> int:
    channel, page = descriptors
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            seal.die_with(parent)
            worker.main(command, channel, page)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(channel)
    os.close(page)
    return pid


def _end(command: Kill, workers: set[int]) -> None:
    if command.pid in workers:
        workers.remove(command.pid)
        os.kill(command.pid, signal.SIGKILL)
        os.waitpid(command.pid, 0)
