"""Asking a real endpoint: retries, refusals, concurrency and budgets, through `dspy.Predict`."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import dspy
import pytest

from envscaler.runtime.errors import (
    AnswerError,
    BudgetSpent,
    ConfigurationError,
    EnvscalerError,
    ModelUnavailable,
    RunError,
)
from envscaler.runtime.models import (
    Budget,
    Event,
    Models,
    ModelSettings,
    Question,
    asking,
    open_models,
    owned_by,
)
from envscaler.runtime.models.answers import Reply
from envscaler.runtime.store import RunStore

Ask = Callable[..., str]
AsyncAsk = Callable[..., Awaitable[str]]


def served(endpoint: Any, **changes: Any) -> ModelSettings:
    settings = {"model": "openai/small", "api_base": endpoint.url, "timeout": 5} | changes
    return ModelSettings(**settings)


def test_an_answer_comes_back_with_its_usage(endpoint: Any, ask: Ask) -> None:
    with open_models(served(endpoint)) as models:
        assert ask(models, "hello") == "echo hello"
    total = models.ledger.total
    assert (total.asked, total.prompt_tokens, total.completion_tokens) == (1, 11, 7)
    assert (total.unpriced, total.cost_usd, total.unmetered) == (1, 0.0, 0)


def test_the_cost_of_a_model_with_a_known_price_is_booked(endpoint: Any, ask: Ask) -> None:
    with open_models(served(endpoint, model="openai/gpt-4o-mini")) as models:
        ask(models, "hello")
    assert models.ledger.total.cost_usd == pytest.approx(11 * 0.15e-6 + 7 * 0.60e-6)
    assert models.ledger.total.unpriced == 0


def test_litellm_as_transport_brings_usage_and_cost_too(
    endpoint: Any, ask: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOGETHERAI_API_KEY", "k")
    model = "together_ai/deepseek-ai/DeepSeek-V3"
    endpoint.plan = [503]
    with open_models(served(endpoint, model=model)) as models:
        assert ask(models, "hello") == "echo hello"
    total = models.ledger.total
    assert (total.asked, total.prompt_tokens, total.completion_tokens) == (1, 11, 7)
    assert total.cost_usd > 0 and len(endpoint.requests) == 2


@pytest.mark.parametrize("status", [503, 429, 500, "drop"])
def test_a_failure_that_passes_is_retried_and_seen(
    endpoint: Any, ask: Ask, status: int | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    endpoint.plan = [status]
    events: list[Event] = []
    with open_models(served(endpoint), on_event=events.append) as models:
        assert ask(models, "hello") == "echo hello"
    assert [(event.kind, event.step) for event in events] == [("retry", "write")]
    assert "attempt 1 of 4" in events[0].message
    assert models.ledger.total.asked == 1 and len(endpoint.requests) == 2


def test_retries_are_bounded(endpoint: Any, ask: Ask) -> None:
    endpoint.always = 503
    with (
        open_models(served(endpoint, retries=2)) as models,
        pytest.raises(ModelUnavailable, match="failed 3 times in a row: HTTP 503"),
    ):
        ask(models, "hello")
    assert len(endpoint.requests) == 3 and models.ledger.total.failed == 1


def test_a_hanging_endpoint_runs_into_the_timeout(endpoint: Any, ask: Ask) -> None:
    endpoint.always = "hang"
    with (
        open_models(served(endpoint, timeout=0.2, retries=0)) as models,
        pytest.raises(ModelUnavailable, match="openai/small at http"),
    ):
        ask(models, "hello")


def test_an_unreachable_endpoint_says_where_and_what_to_do(ask: Ask) -> None:
    settings = ModelSettings("openai/small", api_base="http://127.0.0.1:9/v1", retries=0)
    with (
        open_models(settings) as models,
        pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:9/v1 failed: .* run again to go on"),
    ):
        ask(models, "hello")


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("empty", "sent an empty reply without usage: check that --api-base"),
        ("garbage", "is not JSON"),
        (401, "refuses the key for openai/small .*: set OPENAI_API_KEY"),
        (404, "does not serve openai/small .*: check --model"),
        (400, "openai/small at http.* failed: HTTP 400"),
    ],
)
def test_a_refusal_is_not_retried(endpoint: Any, ask: Ask, status: int | str, words: str) -> None:
    endpoint.always = status
    with open_models(served(endpoint)) as models, pytest.raises(ModelUnavailable, match=words):
        ask(models, "hello")
    assert len(endpoint.requests) == 1


def test_a_refusal_after_good_answers_is_about_this_request_only(endpoint: Any, ask: Ask) -> None:
    endpoint.plan = [200, 400]
    with open_models(served(endpoint)) as models:
        ask(models, "hello")
        with pytest.raises(AnswerError, match="refuses this request: HTTP 400"):
            ask(models, "something forbidden")
        assert ask(models, "more") == "echo more"


def test_the_async_path_raises_the_same_errors(endpoint: Any, aask: AsyncAsk) -> None:
    endpoint.always = 401
    with (
        open_models(served(endpoint)) as models,
        pytest.raises(ModelUnavailable, match="refuses the key"),
    ):
        asyncio.run(_one(aask(models, "hello")))


async def _one(call: Awaitable[str]) -> str:
    return await call


async def _all(calls: list[Awaitable[str]]) -> list[str]:
    return await asyncio.gather(*calls)


def test_all_steps_share_one_concurrency_limit(endpoint: Any, aask: AsyncAsk) -> None:
    endpoint.delay = 0.05
    with open_models(served(endpoint, concurrency=3)) as models:
        calls = [aask(models, f"text {n}", step=f"step {n % 2}") for n in range(12)]
        answers = asyncio.run(_all(calls))
    assert answers == [f"echo text {n}" for n in range(12)]
    assert endpoint.busiest == 3


def test_an_identical_request_under_way_is_awaited(endpoint: Any, aask: AsyncAsk) -> None:
    endpoint.delay = 0.2
    with open_models(served(endpoint)) as models:
        calls = [aask(models, "same", owner=f"item {n}") for n in range(5)]
        assert asyncio.run(_all(calls)) == ["echo same"] * 5
    assert len(endpoint.requests) == 1
    total = models.ledger.total
    assert (total.asked, total.shared, total.paid_tokens) == (1, 4, 18)
    assert {models.ledger.of(f"item {n}").prompt_tokens for n in range(5)} == {11}


def test_cancelling_one_asker_leaves_the_others_their_answer(endpoint: Any, aask: AsyncAsk) -> None:
    endpoint.delay = 0.2

    async def cancelled() -> str:
        first = asyncio.ensure_future(aask(models, "same"))
        second = asyncio.ensure_future(aask(models, "same", owner="other"))
        await asyncio.sleep(0.1)
        first.cancel()
        return await second

    with open_models(served(endpoint)) as models:
        assert asyncio.run(cancelled()) == "echo same"
    assert len(endpoint.requests) == 1


def test_other_rollouts_are_other_questions(endpoint: Any, ask: Ask) -> None:
    with open_models(served(endpoint)) as models:
        ask(models, "hello", rollout=0)
        ask(models, "hello", rollout=1)
    assert len(endpoint.requests) == 2


@pytest.mark.parametrize(
    ("budget", "answers"), [("2calls", 2), ("30tokens", 2), ("0.000005usd", 1)]
)
def test_a_budget_stops_before_the_next_request(
    endpoint: Any, ask: Ask, budget: str, answers: int
) -> None:
    settings = served(endpoint, model="openai/gpt-4o-mini", budget=Budget.parse(budget))
    with open_models(settings) as models:
        for number in range(answers):
            ask(models, f"text {number}")
        with pytest.raises(BudgetSpent, match=r"is used up .* larger --budget"):
            ask(models, "one more")
    assert len(endpoint.requests) == answers


def test_a_budget_in_calls_holds_for_parallel_askers(endpoint: Any, aask: AsyncAsk) -> None:
    endpoint.delay = 0.02

    async def asked() -> list[str | BaseException]:
        calls = [aask(models, f"text {n}") for n in range(20)]
        return await asyncio.gather(*calls, return_exceptions=True)

    with open_models(served(endpoint, budget=Budget.parse("7calls"))) as models:
        ended = asyncio.run(asked())
    assert len(endpoint.requests) == 7
    assert sum(isinstance(end, BudgetSpent) for end in ended) == 13


def test_a_token_budget_is_refused_when_usage_is_not_reported(endpoint: Any, ask: Ask) -> None:
    endpoint.usage = False
    with open_models(served(endpoint, budget=Budget.parse("100tokens"))) as models:
        ask(models, "hello")
        with pytest.raises(BudgetSpent, match="does not say how many tokens"):
            ask(models, "again")


def test_money_is_refused_for_a_model_without_a_known_price(endpoint: Any) -> None:
    with pytest.raises(ConfigurationError, match="no price is known for openai/small"):
        open_models(served(endpoint, budget=Budget.parse("$5")))


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("nonesuch/large", "names no provider .* openai/nonesuch/large with --api-base"),
        ("small", "names no provider .* openai/small with --api-base"),
        ("openai/", "model id after it"),
        ("", "non-empty string"),
        ("openai/gpt-4o", "needs a key: set OPENAI_API_KEY"),
        ("anthropic/claude-3-5-haiku-20241022", "needs a key: set ANTHROPIC_API_KEY"),
    ],
)
def test_a_model_that_cannot_be_asked_is_refused_at_once(model: str, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words):
        open_models(ModelSettings(model))


def test_a_setting_that_does_not_fit_the_model_is_refused(endpoint: Any) -> None:
    with pytest.raises(ConfigurationError, match="temperature"):
        open_models(served(endpoint, model="openai/gpt-5", temperature=0.2))


def test_an_api_base_must_be_an_address() -> None:
    with pytest.raises(ConfigurationError, match="localhost:8000/v1' is no address"):
        open_models(ModelSettings("openai/small", api_base="localhost:8000/v1"))


def test_a_dotenv_file_gives_address_and_key(
    endpoint: Any, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "environ", os.environ.copy())
    (tmp_path / ".env").write_text(f"OPENAI_BASE_URL={endpoint.url}\nOPENAI_API_KEY=from-file\n")
    with open_models(ModelSettings("openai/small")) as models:
        assert ask(models, "hello") == "echo hello"
    assert endpoint.keys == ["Bearer from-file"]


def test_the_environment_goes_before_the_dotenv_file(
    endpoint: Any, ask: Ask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", endpoint.url)
    monkeypatch.setenv("OPENAI_API_KEY", "from-environment")
    (tmp_path / ".env").write_text("OPENAI_API_KEY=from-file\n")
    with open_models(ModelSettings("openai/small")) as models:
        ask(models, "hello")
    assert endpoint.keys == ["Bearer from-environment"]


def test_a_step_may_have_a_model_of_its_own(endpoint: Any, ask: Ask) -> None:
    with open_models(served(endpoint, per_step={"judge": "openai/other"})) as models:
        ask(models, "hello")
        ask(models, "hello", step="judge")
        assert models.lm("write") is models.lm() is not models.lm("judge")
    assert [request["model"] for request in endpoint.requests] == ["small", "other"]


def test_calls_outside_any_step_are_keyed_by_what_they_send(endpoint: Any) -> None:
    with open_models(served(endpoint)) as models, owned_by("guest"):
        models.lm()("hello")
    assert models.ledger.of("guest").asked == 1


def test_nothing_is_kept_in_histories_or_caches(endpoint: Any, ask: Ask) -> None:
    from dspy.clients.base_lm import GLOBAL_HISTORY

    before = len(GLOBAL_HISTORY)
    with open_models(served(endpoint)) as models:
        ask(models, "hello")
        ask(models, "hello")
    assert len(GLOBAL_HISTORY) == before and models.lm().history == []
    assert len(endpoint.requests) == 2


def test_a_program_with_an_opened_model_can_be_copied(endpoint: Any) -> None:
    import dspy

    program = dspy.Predict("text -> answer")
    with open_models(served(endpoint)) as models:
        program.set_lm(models.lm())
        assert program.deepcopy()(text="hello").answer == "echo hello"


def test_questions_reach_the_engine_from_worker_threads(endpoint: Any) -> None:
    import dspy

    def one(text: str) -> str:
        with owned_by(text), asking("threads", {"text": text}):
            return str(predict(text=text).answer)

    predict = dspy.Predict("text -> answer")
    with open_models(served(endpoint)) as models, dspy.context(lm=models.lm()):
        pairs = [(one, {"text": f"item {n}"}) for n in range(4)]
        answers = dspy.Parallel(num_threads=4, timeout=0, disable_progress_bar=True)(pairs)
    assert answers == [f"echo item {n}" for n in range(4)]
    assert models.ledger.by_step["threads"].asked == 4
    assert models.ledger.of("item 3").asked == 1


def test_a_cut_answer_is_warned_of_once(endpoint: Any, ask: Ask) -> None:
    endpoint.finish = "length"
    with open_models(served(endpoint)) as models:
        ask(models, "one")
        ask(models, "two")
    assert models.warnings == [
        "step 'write': an answer was cut at the token limit; raise --max-tokens"
    ]


def test_a_store_that_fails_is_said_through_dspy(endpoint: Any, ask: Ask, tmp_path: Path) -> None:
    store = RunStore.open(tmp_path / "run", {})
    with open_models(served(endpoint), store) as models:
        store.close()
        with pytest.raises(RunError, match="closed"):
            ask(models, "hello")


def test_an_adapter_that_sends_a_response_format_works(endpoint: Any) -> None:
    import dspy

    endpoint.text = '{"answer": "as JSON"}'
    with (
        open_models(served(endpoint)) as models,
        dspy.context(lm=models.lm(), adapter=dspy.JSONAdapter()),
    ):
        assert dspy.Predict("text -> answer")(text="hello").answer == "as JSON"


def test_a_closed_desk_answers_nobody(endpoint: Any, ask: Ask) -> None:
    models = open_models(served(endpoint))
    models.close()
    with pytest.raises(EnvscalerError, match="closed"):
        ask(models, "hello")


def test_more_requests_are_in_flight_than_one_pool_of_dspy_has_connections(
    endpoint: Any, aask: AsyncAsk
) -> None:
    endpoint.delay = 3.0
    settings = served(endpoint, concurrency=130)

    async def all_of_them(models: Models) -> list[str]:
        return await asyncio.gather(*(aask(models, f"question {n}") for n in range(130)))

    with open_models(settings) as models:
        asyncio.run(all_of_them(models))
    assert endpoint.busiest > 100


class Listening:
    """Answers everything at once, and remembers what it was sent."""

    def __init__(self) -> None:
        self.heard: list[Any] = []

    def send(self, request: Any, question: Question) -> Reply:
        self.heard.append(request)
        return Reply("[[ ## answer ## ]]\nyes", "stop", 1, 1, 0.0, 1)

    def close(self) -> None:
        """Nothing is held."""


@pytest.mark.parametrize("settings", [{}, {"temperature": 0.5, "max_tokens": 300}])
def test_a_plain_call_sends_what_dspy_would_send(settings: dict[str, Any]) -> None:
    sender = Listening()
    messages = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Why?"}]
    with open_models(ModelSettings(model="openai/m", sender=sender, **settings)) as models:
        lm = models.lm()
        ours = asyncio.run(lm.acall(messages=messages))
        with dspy.track_usage(), pytest.warns(DeprecationWarning):  # DSPy's own way
            theirs = asyncio.run(lm.acall(messages=messages))
    assert ours == theirs
    assert sender.heard[0] == sender.heard[1]
