"""Routes: where a model string leads, checked before anything is sent.

Imported only when a model is opened, because it loads DSPy.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dspy
from dspy.clients.backend_selection import select_backend
from dspy.lm15 import LM15Error, LMRouter, NotConfiguredError, RouterConfig, UnknownModelError

from ..errors import ConfigurationError
from .settings import REPLAY, ModelSettings

_BASE_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")
_NO_KEY = "none"
"""Sent to servers that want no key; the protocol has no way to send nothing."""


@dataclass(frozen=True)
class Route:
    """A model that can be sent to."""

    model: str
    api_base: str | None
    client: dict[str, Any]
    """The arguments of `dspy.LM` beside the model string."""
    native: bool
    """Whether DSPy sends by itself, not through LiteLLM."""
    priced: bool
    """Whether a price is needed, for a budget in money."""

    @property
    def place(self) -> str:
        """The endpoint, for messages."""
        return self.api_base or "the provider's endpoint"

    @property
    def key_name(self) -> str:
        """The environment variable that holds the key, as far as it is known."""
        return f"{_provider(self.model).upper()}_API_KEY"

    def price_of(self, prompt_tokens: int, completion_tokens: int) -> float | None:
        """US dollars by LiteLLM's price table, where it is needed or loaded anyway."""
        if self._rates is None:
            return None
        return prompt_tokens * self._rates[0] + completion_tokens * self._rates[1]

    @cached_property
    def _rates(self) -> tuple[float, float] | None:
        return _rates(self.model) if self.priced or not self.native else None


def route_to(model: str, settings: ModelSettings) -> Route:
    """Check a model string and find its endpoint, without sending anything.

    Raises:
        ConfigurationError: the provider is unknown, its key is missing, a setting does not fit
            the model, or the budget is in money and the model has no known price.
    """
    api_base, api_key = address(model, settings)
    client: dict[str, Any] = {"timeout": settings.timeout}
    if api_base is not None:
        # "auto" leaves DSPy's own transport as soon as an address stands in the environment.
        client |= {"api_base": api_base, "engine": "lm15" if _is_openai(model) else "auto"}
    if api_key is not None:
        client["api_key"] = api_key
    native = _checked(model, client)
    money = settings.budget is not None and settings.budget.unit == "usd"
    route = Route(model, api_base, client, native, money)
    if money and route.price_of(0, 0) is None:
        raise ConfigurationError(
            f"budget {settings.budget} cannot be kept: no price is known for {model}; "
            "give the budget in tokens or calls, such as 200000tokens"
        )
    return route


def address(model: str, settings: ModelSettings) -> tuple[str | None, str | None]:
    """The address and key for a model; both belong to the provider of the main model."""
    main = "openai/" if settings.model == REPLAY else settings.model
    ours = _provider(model) == _provider(main)
    api_base = settings.api_base if ours else None
    api_key = settings.api_key if ours else None
    if _is_openai(model):
        names = (os.environ.get(name) for name in _BASE_VARIABLES)
        api_base = api_base or next((value for value in names if value), None)
        if api_base and not api_key:
            api_key = os.environ.get("OPENAI_API_KEY") or _NO_KEY
    if api_base and not api_base.startswith(("http://", "https://")):
        raise ConfigurationError(
            f"api base {api_base!r} is no address: give one such as http://localhost:8000/v1"
        )
    return api_base, api_key


def _checked(model: str, client: dict[str, Any]) -> bool:
    """Whether DSPy sends natively; refuses what neither DSPy nor LiteLLM can send."""
    try:
        selection = select_backend(dspy.LM(model, cache=False, num_retries=0, **client))
        if selection.native:
            provider = selection.resolution.provider
            keys = {provider: client["api_key"]} if "api_key" in client else None
            bases = {provider: client["api_base"]} if "api_base" in client else None
            router = LMRouter(RouterConfig(api_keys=keys, base_urls=bases))
            router.lm(f"{provider}:{selection.resolution.model}")
            router.close()
            return True
    except NotConfiguredError as error:
        raise ConfigurationError(_missing(model, getattr(error, "env_keys", ()), error)) from error
    except UnknownModelError as error:
        raise ConfigurationError(_unknown(model)) from error
    except (LM15Error, dspy.LMError, TypeError, ValueError) as error:
        raise ConfigurationError(f"model {model!r} cannot be opened: {error}") from error
    _check_litellm(model, client)
    return False


def _missing(model: str, names: Any, error: Exception) -> str:
    if not names:
        return f"model {model!r} is not configured: {' '.join(str(error).split())}"
    return (
        f"model {model!r} needs a key: set {' or '.join(names)} in the environment or in a .env "
        "file, or pass --api-key"
    )


def _unknown(model: str) -> str:
    return (
        f"model {model!r} names no provider that DSPy or LiteLLM knows: write provider/model, "
        f"for an OpenAI-compatible server openai/{model} with --api-base"
    )


def _check_litellm(model: str, client: dict[str, Any]) -> None:
    import litellm

    litellm.suppress_debug_info = True
    try:
        litellm.get_llm_provider(model, api_base=client.get("api_base"))
    except litellm.BadRequestError as error:
        raise ConfigurationError(_unknown(model)) from error
    found = litellm.validate_environment(model, api_key=client.get("api_key"))
    if not found["keys_in_environment"]:
        raise ConfigurationError(_missing(model, found["missing_keys"], ValueError()))


def _rates(model: str) -> tuple[float, float] | None:
    """US dollars per prompt and completion token, or None when LiteLLM knows no price."""
    import litellm

    litellm.suppress_debug_info = True
    try:
        entry = litellm.get_model_info(model)
    except Exception:  # what LiteLLM raises for a model that it has no entry for
        return None
    prices = entry.get("input_cost_per_token"), entry.get("output_cost_per_token")
    return None if None in prices else prices


def _provider(model: str) -> str:
    head, slash, _ = model.partition("/")
    return head if slash else "openai"


def _is_openai(model: str) -> bool:
    return _provider(model) == "openai"
