"""Embeddings of a hosted model, through `dspy.Embedder`.

Imported only when such an embedder is opened, because it loads DSPy.
"""

from __future__ import annotations

from collections.abc import Sequence

import dspy
import litellm
import numpy as np

from ..embedding import Vectors
from ..errors import ConfigurationError, EnvscalerError, ModelUnavailable
from .routes import address
from .settings import ModelSettings

_BATCH = 200
"""Texts in one request."""


class HostedEmbedder:
    """Embeds texts with a hosted model.

    Address, key, timeout and retries come from the settings. What it asks counts in no ledger and
    no budget, and is kept nowhere.
    """

    def __init__(self, model: str, settings: ModelSettings) -> None:
        """Opens the model, without sending anything.

        Raises:
            ConfigurationError: the provider is unknown, or its key is missing.
        """
        api_base, api_key = address(model, settings)
        _check(model, api_base, api_key)
        self._model = model
        self._place = api_base or "the provider's endpoint"
        self._embed = dspy.Embedder(
            model, batch_size=_BATCH, caching=False, api_base=api_base, api_key=api_key,
            timeout=settings.timeout, num_retries=settings.retries,
        )  # fmt: skip

    def __call__(self, texts: Sequence[str]) -> Vectors:
        """One row for each text; a blank text is not sent and gets zeros.

        Raises:
            ModelUnavailable: the endpoint refuses, cannot be reached, kept failing or sent
                something else than one vector of numbers for each text.
        """
        asked = [n for n, text in enumerate(texts) if text.strip()]
        if not asked:
            return np.zeros((len(texts), 1), dtype=np.float32)
        found = self._asked([texts[n] for n in asked])
        vectors = np.zeros((len(texts), found.shape[1]), dtype=np.float32)
        lengths = np.linalg.norm(found, axis=1, keepdims=True)
        vectors[asked] = found / np.where(lengths > 0, lengths, 1)
        return vectors

    def _asked(self, texts: list[str]) -> Vectors:
        try:
            found = np.asarray(self._embed(texts), dtype=np.float32)
        except Exception as fault:  # LiteLLM's errors, and what a strange reply breaks
            raise self._explained(fault) from fault
        if found.ndim != 2 or len(found) != len(texts) or not np.isfinite(found).all():
            raise ModelUnavailable(
                f"{self._model} at {self._place} sent an array of shape {found.shape} for "
                f"{len(texts)} texts; one vector of numbers for each is expected: check that it is "
                "an embedding model"
            )
        return found

    def _explained(self, fault: Exception) -> EnvscalerError:
        said = " ".join(str(fault).split())[:300]
        if isinstance(fault, litellm.AuthenticationError | litellm.PermissionDeniedError):
            return ModelUnavailable(
                f"{self._place} refuses the key for {self._model} ({said}): check the key in the "
                "environment, in .env or in --api-key"
            )
        if isinstance(fault, litellm.NotFoundError):
            return ModelUnavailable(
                f"{self._place} does not serve {self._model} ({said}): check the embedder's name"
            )
        return ModelUnavailable(f"{self._model} at {self._place} embeds no texts: {said}")


def _check(model: str, api_base: str | None, api_key: str | None) -> None:
    litellm.suppress_debug_info = True  # it prints advice on stdout before it raises
    try:
        _, provider, _, _ = litellm.get_llm_provider(model)
        lacks = litellm.validate_environment(model)["missing_keys"]
    except litellm.BadRequestError as fault:
        raise ConfigurationError(
            f"the embedder {model!r} names no provider that LiteLLM knows: give tfidf, or "
            "provider/model such as openai/text-embedding-3-small"
        ) from fault
    if lacks and not api_base and not api_key:
        raise ConfigurationError(
            f"the embedder {model!r} of {provider} needs a key: set {' and '.join(lacks)} in the "
            "environment or in a .env file, or give tfidf, which needs none"
        )
