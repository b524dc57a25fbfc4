from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envscaler.runtime import state
from envscaler.runtime.errors import GeneratedCodeError, SandboxError
from envscaler.runtime.sandbox import Call, Limits, Pool, Reply, SealedClass

PEN = {"stock": {"pen": 1}}


def test_calls_run_in_order_and_answer_with_json(shop: SealedClass) -> None:
    [ada] = shop.create([PEN])
    calls = [Call(ada, "add", {"item": "pen"}), Call(ada, "add", {"item": "ink", "count": 3})]
    assert shop.step(calls) == [
        Reply("ok", "", b'{"success":true,"data":["pen",2]}'),
        Reply("ok", "", b'{"success":true,"data":["ink",3]}'),
    ]
    [snapshot] = shop.snapshot([ada])
    assert snapshot.state == {"stock": {"pen": 2, "ink": 3}, "log": []}


def test_an_instance_does_not_share_the_state_it_was_built_from(shop: SealedClass) -> None:
    ada, bob = shop.create([PEN, PEN])
    shop.step([Call(ada, "add", {"item": "pen"})])
    assert [snapshot.state["stock"] for snapshot in shop.snapshot([ada, bob])] == [
        {"pen": 2},
        {"pen": 1},
    ]
    assert PEN == {"stock": {"pen": 1}}


def test_a_failed_call_names_the_line_and_leaves_the_state_alone(shop: SealedClass) -> None:
    [ada] = shop.create([PEN])
    before = shop.hash([ada])
    [reply] = shop.step([Call(ada, "break_off", {"item": "ink"})])
    assert reply == Reply("exception", "ValueError: no ink (line 38, in break_off)")
    assert shop.hash([ada]) == before
    assert shop.diff([ada]) == [[]]


@pytest.mark.parametrize(
    ("tool", "arguments", "status", "text"),
    [
        ("_hidden", {}, "refused", "no tool named '_hidden'"),
        ("__init__", {"init_config": {}}, "refused", "no tool named '__init__'"),
        ("stock", {}, "refused", "no tool named 'stock'"),
        ("clear", {}, "refused", "the tools are: add, count, break_off, note_price, crash"),
        ("add", {}, "exception", "missing 1 required positional argument: 'item'"),
        ("add", {"item": "pen", "size": 1}, "exception", "unexpected keyword argument 'size'"),
        ("add", {"self": 1, "item": "pen"}, "exception", "multiple values for argument 'self'"),
        ("add", {"item": "\ud800"}, "refused", "the call is not JSON"),
        ("\ud800", {}, "refused", "the call is not JSON"),
    ],
)
def test_what_is_no_tool_call_is_an_observation(
    shop: SealedClass, tool: str, arguments: dict[str, state.Json], status: str, text: str
) -> None:
    [ada] = shop.create([PEN])
    add = Call(ada, "add", {"item": "pen"})
    replies = shop.step([add, Call(ada, tool, arguments), add])
    assert [reply.status for reply in replies] == ["ok", status, "ok"]
    assert text in replies[1].error


def test_diff_and_hash_follow_the_state(shop: SealedClass) -> None:
    [ada] = shop.create([PEN])
    shop.step([Call(ada, "add", {"item": "ink"})])
    assert shop.diff([ada]) == [[state.Difference(("stock", "ink"), "add", None, 1)]]
    [snapshot] = shop.snapshot([ada])
    assert shop.hash([ada]) == [state.digest(snapshot.state)]


def test_restore_brings_back_state_and_counts_from_there(shop: SealedClass) -> None:
    ada, bob = shop.create([PEN, {"stock": {}}], seed=3)
    shop.step([Call(ada, "add", {"item": "ink"})])
    [snapshot] = shop.snapshot([ada])
    shop.step([Call(ada, "add", {"item": "cap"})])
    shop.restore(bob, snapshot)
    assert shop.diff([bob]) == [[]]
    assert shop.snapshot([bob]) == [snapshot]
    shop.step([Call(bob, "add", {"item": "cap"})])
    assert shop.snapshot([bob]) == shop.snapshot([ada])


def test_a_dropped_instance_is_unknown(shop: SealedClass) -> None:
    ada, bob = shop.create([PEN, PEN])
    shop.drop([ada])
    with pytest.raises(KeyError, match="dropped"):
        shop.step([Call(ada, "count", {"item": "pen"})])
    assert shop.step([Call(bob, "count", {"item": "pen"})])[0].status == "ok"


def test_a_failing_constructor_keeps_no_instance(shop: SealedClass) -> None:
    with pytest.raises(GeneratedCodeError, match=r"state number 1: .*KeyError: 'stock' \(line 13"):
        shop.create([PEN, {}])
    assert shop._journals == {}


def test_changing_what_instances_share_is_refused_and_undone(shop: SealedClass) -> None:
    [ada] = shop.create([PEN])
    replies = shop.step([Call(ada, "note_price", {})] * 2)
    assert [reply.status for reply in replies] == ["exception", "exception"]
    assert "`PRICES` was changed" in replies[0].error


def test_batches_larger_than_an_order_keep_their_order(shop: SealedClass) -> None:
    instances = shop.create([{"stock": {"pen": n}} for n in range(300)])
    replies = shop.step([Call(instance, "count", {"item": "pen"}) for instance in instances])
    assert [reply.value["data"] for reply in replies] == list(range(300))


def test_large_states_travel(shop: SealedClass) -> None:
    stock = {f"item {n}": n for n in range(40_000)}
    instances = shop.create([{"stock": stock}] * 5)
    assert [snapshot.state["stock"] for snapshot in shop.snapshot(instances)] == [stock] * 5


def test_large_results_of_one_batch_arrive(pool: Pool) -> None:
    source = "class Env:\n def __init__(self, c): pass\n def much(self): return 'x' * 1_000_000"
    with pool.open(source) as sealed:
        [one] = sealed.create([{}])
        assert [len(reply.value) for reply in sealed.step([Call(one, "much", {})] * 20)] == [
            1_000_000
        ] * 20


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner, max_size=4)
    ),
    max_leaves=20,
)


def test_any_json_state_and_result_survives_the_way(pool: Pool) -> None:
    source = """
class Box:
    def __init__(self, init_config): self.content = init_config["content"]
    def show(self): return self.content
    def put(self, value): self.content = value
"""
    with pool.open(source) as box:

        @settings(deadline=None, max_examples=60)
        @given(json_values, json_values)
        def survives(first: state.Json, second: state.Json) -> None:
            [one] = box.create([{"content": first}])
            calls = [Call(one, "show", {}), Call(one, "put", {"value": second})]
            show, put = box.step(calls)
            [snapshot] = box.snapshot([one])
            assert state.canonical(show.value) == state.canonical(first)
            assert put.status == "ok"
            assert state.canonical(snapshot.state) == state.canonical({"content": second})
            differences = box.diff([one])[0]
            assert state.same(state.patch({"content": first}, differences), snapshot.state)
            box.drop([one])

        survives()


def test_checks_see_fresh_arguments_each_time(pool: Pool) -> None:
    source = """
SEEN = []
def check(initial, final, answer):
    final["touched"] = True
    return [initial == {}, answer]
def leak(value):
    SEEN.append(value)
    return len(SEEN)
"""
    final: dict[str, state.Json] = {}
    with pool.open_checks(source) as checks:
        replies = checks.evaluate([({}, final, None), ({}, final, "42"), ({},)])
        assert [reply.value for reply in replies] == [[True, None], [True, "42"], None]
        assert "missing 2 required positional arguments" in replies[2].error
    assert final == {}
    with pool.open_checks(source, "leak") as leak:
        assert [reply.status for reply in leak.evaluate([(1,), (2,)])] == ["exception"] * 2


def test_a_hanging_check_does_not_stop_the_next(pool: Pool) -> None:
    source = "def check(x):\n    return sum(range(10**12)) if x else True\n"
    with pool.open_checks(source) as checks:
        replies = checks.evaluate([(0,), (1,), (0,)])
    assert [reply.status for reply in replies] == ["ok", "killed", "ok"]


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("class A(:\n", "line 1: the source does not parse: invalid syntax"),
        ("x = 1\n", "must define one class with public methods, it has none"),
        ("class A:\n def a(self): 0\nclass B:\n def b(self): 0\n", "it has 2 (A, B)"),
        ("class A:\n x = 1 / 0\n def a(self): 0\n", "ZeroDivisionError: division by zero (line 2"),
        ("class A:\n def a(self): 0\nB = [0] * 10**12\n", "memory"),
        ("X = sum(range(10**12))\nclass A:\n def a(self): 0\n", "broke its worker"),
        ("\0", "does not parse"),
        ("'\ud800'", "not text"),
    ],
)
def test_a_source_that_cannot_be_loaded_says_why(pool: Pool, source: str, text: str) -> None:
    with pytest.raises(GeneratedCodeError) as caught:
        pool.open(source)
    assert text in str(caught.value)


def test_a_source_that_never_ends_to_load_is_stopped(pool: Pool) -> None:
    # Which of the two deadlines comes first hangs on how busy the machine is.
    with pytest.raises(GeneratedCodeError, match=r"stopped after|did not end"):
        pool.open("class A:\n def a(self): 0\nX = [n for n in iter(int, 1)]\n")


def test_a_missing_name_is_asked_for(pool: Pool, shop_source: str) -> None:
    with pytest.raises(GeneratedCodeError, match="must define the class `Store`"):
        pool.open(shop_source, "Store")
    with pytest.raises(GeneratedCodeError, match="must define the function `check`"):
        pool.open_checks(shop_source)


def test_several_threads_may_use_one_class(shop: SealedClass) -> None:
    instances = shop.create([PEN] * 4)

    def work(instance: int) -> None:
        for _ in range(20):
            shop.step([Call(instance, "add", {"item": "pen"})])

    threads = [threading.Thread(target=work, args=(instance,)) for instance in instances]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [s.state["stock"]["pen"] for s in shop.snapshot(instances)] == [21] * 4


def test_closing_leaves_no_process_and_no_descriptor(shop_source: str) -> None:
    def belongings() -> tuple[int, set[str]]:
        stats = [path / "status" for path in Path("/proc").iterdir() if path.name.isdigit()]
        mine = f"PPid:\t{os.getpid()}\n"
        children = {str(path) for path in stats if path.exists() and mine in path.read_text()}
        return len(os.listdir("/proc/self/fd")), children

    before = belongings()
    with Pool(Limits(hard_seconds=0.5)) as pool:
        shop = pool.open(shop_source)
        [ada] = shop.create([PEN])
        shop.step([Call(ada, "crash", {})])
        with pytest.raises(GeneratedCodeError):
            pool.open("nonsense")
        pool.open_checks("def check(): return 1")
    assert belongings() == before
    with pytest.raises(SandboxError, match="closed"):
        shop.step([Call(ada, "count", {"item": "pen"})])
    with pytest.raises(SandboxError, match="closed"):
        pool.open(shop_source)


def test_a_forked_host_may_not_use_what_it_inherited(shop: SealedClass) -> None:
    [ada] = shop.create([{"stock": {"pen": 1}}])
    child = os.fork()
    if child == 0:
        try:
            shop.step([Call(ada, "count", {"item": "pen"})])
        except SandboxError:
            os._exit(7)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
