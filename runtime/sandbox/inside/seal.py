"""How a worker seals itself before it sees generated code.

Covered, on Linux (x86-64 and aarch64): files, network, processes, signals to others, new executable
memory, the environment, descriptors other than the worker's own socket, address space, core dumps.
Everything hangs on the last layer, a seccomp list of the few system calls that a computing
interpreter needs; Landlock and the limits stand behind it. Not covered: faults of the kernel within
those calls, side channels through shared hardware, and other instances of the same source.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import resource
import signal
import socket
import struct
import sys
from pathlib import Path

from ..protocol import Limits

SOCKET = 3
"""The descriptor of the worker's socket; the only open one besides 0, 1 and 2 (all /dev/null)."""

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 4, 22, 38
_SECCOMP_MODE_FILTER = 2
_LANDLOCK_CREATE_RULESET, _LANDLOCK_RESTRICT_SELF = 444, 446

_ALLOW, _DENY, _KILL = 0x7FFF0000, 0x00050000 | 1, 0x80000000  # 1 is EPERM
_LOAD, _EQUAL, _AT_LEAST, _BITS, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_PROT_EXEC = 4

_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_CALLS = {  # name: numbers on x86-64 and aarch64
    "read": (0, 63),
    "write": (1, 64),
    "poll": (7, 73),  # ppoll on aarch64
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_yield": (24, 124),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "setitimer": (38, 103),
    "getpid": (39, 172),
    "exit": (60, 93),
    "gettimeofday": (96, 169),
    "getrusage": (98, 165),
    "sigaltstack": (131, 132),
    "gettid": (186, 178),
    "futex": (202, 98),
    "restart_syscall": (219, 128),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "exit_group": (231, 94),
    "getrandom": (318, 278),
}
_CALLS_WITHOUT_EXEC = {"mmap": (9, 222), "mprotect": (10, 226)}

_libc = ctypes.CDLL(None, use_errno=True)


class SealFault(Exception):
    """A layer that the seal cannot do without is missing."""


def die_with(parent: int) -> None:
    """End this process when the thread that started it ends (Linux), and now if it already has."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def seal(limits: Limits, channel: int) -> tuple[str, ...]:
    """Seal this process for good and return the layers that hold.

    `channel` is moved to descriptor 3 and every other descriptor is closed, whatever follows.

    Raises:
        SealFault: the system offers no seccomp, or not for this processor.
    """
    _keep_only(channel)
    layers = ["descriptors"]
    if sys.platform == "linux":
        _prctl(_PR_SET_DUMPABLE, 0)
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
        layers += ["no_new_privs", "landlock"] if _landlock() else ["no_new_privs"]
    layers += _limit(limits)
    if sys.platform != "linux":
        raise SealFault(f"{sys.platform} has no seccomp")
    install(allow_list(platform.machine()))
    return (*layers, "seccomp")


def prefer_for_death() -> None:
    """Let a machine that runs out of memory end this process rather than its host (Linux)."""
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError:  # not this system, or not allowed: no protection hangs on it
        return


def breaches() -> list[str]:
    """What a sealed process must not be able to do and yet this one can."""
    found = []
    for name, attempt in (("open()", _try_open), ("socket()", _try_socket), ("fork()", _try_fork)):
        try:
            attempt()
        except OSError:
            continue
        found.append(name)
    return found


def _try_open() -> None:
    os.close(os.open("/", os.O_RDONLY))


def _try_socket() -> None:
    socket.socket(socket.AF_UNIX, socket.SOCK_STREAM).close()


def _try_fork() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)


# ------------------------------------------------------------------ descriptors and limits


def _keep_only(channel: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    source = os.dup(channel) if channel < SOCKET else channel
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    if source != SOCKET:
        os.dup2(source, SOCKET)
    os.closerange(SOCKET + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def _limit(limits: Limits) -> list[str]:
    """Set the resource limits; some systems lack or refuse some of them."""
    wanted = {
        "RLIMIT_CORE": 0,
        "RLIMIT_FSIZE": 0,
        "RLIMIT_MSGQUEUE": 0,
        "RLIMIT_NPROC": 0,
        "RLIMIT_NOFILE": SOCKET + 1,
    }
    held = []
    for name, value in wanted.items():
        number = getattr(resource, name, None)
        if number is None:
            continue
        try:
            resource.setrlimit(number, (value, value))
        except (ValueError, OSError):
            continue
        held.append(name.lower())
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    with contextlib.suppress(ValueError, OSError):
        # The host raises this one as instances are added; a sealed process cannot.
        resource.setrlimit(resource.RLIMIT_AS, (limits.memory_bytes, hard))
        held.append("rlimit_as")
    return held


# ------------------------------------------------------------------ kernel


def _prctl(option: int, value: int, pointer: object = 0) -> None:
    if _libc.prctl(option, ctypes.c_ulong(value), pointer, 0, 0) != 0:
        number = ctypes.get_errno()
        raise SealFault(f"prctl({option}) was refused: {os.strerror(number)}")


def _landlock() -> bool:
    """Deny all files, ports and outside sockets; False where the kernel offers no Landlock."""
    version = _libc.syscall(_LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint(1))
    if version < 1:
        return False
    files = (1 << {1: 13, 2: 14, 3: 15, 4: 15}.get(version, 16)) - 1
    rules = struct.pack("=QQQ", files, 3, 3)[: 8 if version < 4 else 16 if version < 6 else 24]
    size = ctypes.c_size_t(len(rules))
    ruleset = _libc.syscall(_LANDLOCK_CREATE_RULESET, rules, size, ctypes.c_uint(0))
    if ruleset < 0:
        return False
    held = _libc.syscall(_LANDLOCK_RESTRICT_SELF, ruleset, ctypes.c_uint(0)) == 0
    os.close(ruleset)
    return bool(held)


def allow_list(machine: str) -> list[bytes]:
    """The filter program of the seal for a processor.

    Raises:
        SealFault: no list is known for it.
    """
    if machine not in _ARCHITECTURES:
        raise SealFault(f"no system call list is known for {machine}")
    column = list(_ARCHITECTURES).index(machine)
    program = [_op(_LOAD, 4), _op(_EQUAL, _ARCHITECTURES[machine], 1, 0), _op(_RETURN, _KILL)]
    program.append(_op(_LOAD, 0))
    if machine == "x86_64":  # the x32 calls share the architecture's number
        program += [_op(_AT_LEAST, 0x40000000, 0, 1), _op(_RETURN, _DENY)]
    for numbers in _CALLS.values():
        program += [_op(_EQUAL, numbers[column], 0, 1), _op(_RETURN, _ALLOW)]
    for numbers in _CALLS_WITHOUT_EXEC.values():
        program += [_op(_EQUAL, numbers[column], 0, 4), _op(_LOAD, 16 + 8 * 2)]
        program += [_op(_BITS, _PROT_EXEC, 1, 0), _op(_RETURN, _ALLOW), _op(_RETURN, _DENY)]
    return [*program, _op(_RETURN, _DENY)]


def _op(code: int, value: int, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)


def install(program: list[bytes]) -> None:
    """Put this process and its children to come under a filter program, for good.

    Raises:
        SealFault: the kernel refused it.
    """
    text = ctypes.create_string_buffer(b"".join(program))
    head = struct.pack("@HP", len(program), ctypes.addressof(text))
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.create_string_buffer(head))
