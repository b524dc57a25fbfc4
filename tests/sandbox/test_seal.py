from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from envscaler.runtime.sandbox import Call, Pool, SealedClass

WITHOUT_SECCOMP = """
import platform, sys
from envscaler.runtime.errors import SealUnavailable
from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.sandbox.inside import seal

prctl = {"x86_64": 157, "aarch64": 167}[platform.machine()]
seal._prctl(38, 1)
seal.install([
    seal._op(0x20, 0), seal._op(0x15, prctl, 0, 3),
    seal._op(0x20, 16), seal._op(0x15, 22, 0, 1),
    seal._op(0x06, 0x00050000 | 22), seal._op(0x06, 0x7FFF0000),
])
source = "class A:\\n def __init__(self, c): pass\\n def a(self): return 1\\n"
try:
    Pool().open(source)
except SealUnavailable as error:
    print(error)
with Pool(unsafe=True) as pool, pool.open(source) as sealed:
    [one] = sealed.create([{}])
    print(sealed.step([Call(one, "a", {})])[0].value, "seccomp" in sealed.layers)
"""

HOLDS = """
source = "class A:\\n def __init__(self, c): self.n = 0\\n def a(self): return 1\\n"
with Pool() as pool, pool.open(source) as sealed:
    [one] = sealed.create([{}])
    print(sealed.step([Call(one, "a", {})])[0].value, "seccomp" in sealed.layers)
"""

CONTAINER = (
    """
import errno, platform
from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.sandbox.inside import seal

column = ["x86_64", "aarch64"].index(platform.machine())
refused = {  # as container engines do by default, and more: numbers on both processors
    "unshare": (272, 97), "setns": (308, 268), "mount": (165, 40), "clone3": (435, 435),
    "personality": (135, 92), "memfd_create": (319, 279),
    "landlock_create_ruleset": (444, 444), "landlock_restrict_self": (446, 446),
}
seal._prctl(38, 1)
program = [seal._op(0x20, 0)]
for numbers in refused.values():
    program += [seal._op(0x15, numbers[column], 0, 1), seal._op(0x06, 0x00050000 | errno.ENOSYS)]
seal.install([*program, seal._op(0x06, 0x7FFF0000)])
"""
    + HOLDS
)

POWERLESS = (
    """
import os, sys
from envscaler.runtime.sandbox import Call, Pool
from envscaler.runtime.sandbox.inside import seal

if len(sys.argv) == 1:  # root without any capability has no more rights than anybody
    for capability in range(64):
        seal._libc.prctl(24, capability, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, "-c", sys.orig_argv[2], "again"])
status = open("/proc/self/status").read()
assert "CapEff:\\t0000000000000000" in status, status
"""
    + HOLDS
)

HOST = """
import sys, time
from envscaler.runtime.sandbox import Pool
pool = Pool()
sealed = pool.open("class A:\\n def a(self): return 1\\n")
print(sealed._lanes[0].worker.pid, flush=True)
time.sleep(600)
"""

LOOK = """
import os, sys
class Env:
    def __init__(self, c): pass
    def environment(self): return sorted(os.environ)
    def modules(self): return sorted(sys.modules)
    def descriptors(self):
        found = []
        for number in range(200):
            try:
                os.write(number, b"")
            except OSError:
                continue
            found.append(number)
        return found
"""


def test_without_seccomp_nothing_runs_unless_it_is_called_unsafe() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_SECCOMP], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    refused, ran = done.stdout.splitlines()
    assert "could not be sealed" in refused
    assert "unsafe=True" in refused
    assert ran == "1 False"


@pytest.mark.parametrize("where", [CONTAINER, POWERLESS], ids=["in a container", "without rights"])
def test_the_seal_holds(where: str) -> None:
    done = subprocess.run([sys.executable, "-c", where], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 True\n"


def test_a_worker_has_nothing_but_its_socket(unguarded: Callable[[str], SealedClass]) -> None:
    sealed = unguarded(LOOK)
    [one] = sealed.create([{}])
    calls = [Call(one, name, {}) for name in ("environment", "modules", "descriptors")]
    environment, modules, descriptors = (reply.value for reply in sealed.step(calls))
    assert set(environment) <= {"LC_CTYPE", "PYTHONHASHSEED", "TZ"}
    assert not {"pydantic", "dspy", "asyncio", "envscaler.runtime.records"} & set(modules)
    assert descriptors == [0, 1, 2, 3]


def test_the_layers_are_told(shop: SealedClass) -> None:
    assert {"descriptors", "no_new_privs", "rlimit_as", "seccomp"} <= set(shop.layers)


def test_all_processes_die_with_the_host() -> None:
    with subprocess.Popen([sys.executable, "-c", HOST], stdout=subprocess.PIPE) as host:
        assert host.stdout is not None
        worker = int(host.stdout.readline())
        zygote = _parent(worker)
        assert _parent(zygote) == host.pid
        host.send_signal(signal.SIGKILL)
    end = time.monotonic() + 30
    while _alive(worker) or _alive(zygote):
        assert time.monotonic() < end, "zygote or worker outlived the host"
        time.sleep(0.02)


def test_a_pool_outlives_its_zygote(shop_source: str) -> None:
    with Pool() as pool:
        shop = pool.open(shop_source)
        [bob] = shop.create([{"stock": {"pen": 1}}])
        shop.step([Call(bob, "add", {"item": "pen"})])
        worker = shop._lanes[0].worker
        assert worker is not None
        os.kill(_parent(worker.pid), signal.SIGKILL)
        worker._zygote._keeper.join()
        with pool.open(shop_source) as again:
            [ada] = again.create([{"stock": {"pen": 1}}])
            assert again.step([Call(ada, "count", {"item": "pen"})])[0].status == "ok"
        assert shop.step([Call(bob, "count", {"item": "pen"})])[0].value["data"] == 2


def _stat(process: int) -> list[str]:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()


def _parent(process: int) -> int:
    return int(_stat(process)[1])


def _alive(process: int) -> bool:
    try:
        return _stat(process)[0] != "Z"
    except OSError:
        return False
