"""The graph, against an independent forward pass."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("onnxruntime")

from homeostat.runtime.embed.graph import Weights, minilm_graph
from homeostat.runtime.embed.minilm import open_session, run

Array = NDArray[np.float64]


def forward(weights: Weights, ids: list[int]) -> Array:
    """Return the vector of one text: BERT as its paper has it, head by head, in float64."""

    def of(name: str) -> Array:
        return weights[name].astype(np.float64)

    def linear(x: Array, name: str) -> Array:
        return np.asarray(x @ of(f"{name}.weight").T + of(f"{name}.bias"))

    def norm(x: Array, name: str) -> Array:
        centred = x - x.mean(axis=1, keepdims=True)
        deviation = np.sqrt((centred**2).mean(axis=1, keepdims=True) + 1e-12)
        return np.asarray(centred / deviation * of(f"{name}.weight") + of(f"{name}.bias"))

    x = of("embeddings.word_embeddings.weight")[ids] + of("embeddings.token_type_embeddings.weight")[0]
    x = norm(x + of("embeddings.position_embeddings.weight")[: len(ids)], "embeddings.LayerNorm")
    for layer in range(6):
        at = f"encoder.layer.{layer}."
        query, key, value = (linear(x, f"{at}attention.self.{n}") for n in ("query", "key", "value"))
        found = np.empty_like(x)
        for head in range(12):
            own = slice(32 * head, 32 * head + 32)
            scores = np.exp(query[:, own] @ key[:, own].T / math.sqrt(32))
            found[:, own] = scores / scores.sum(axis=1, keepdims=True) @ value[:, own]
        x = norm(x + linear(found, f"{at}attention.output.dense"), f"{at}attention.output.LayerNorm")
        inner = linear(x, f"{at}intermediate.dense")
        inner *= 0.5 * (1.0 + np.vectorize(math.erf)(inner / math.sqrt(2.0)))
        x = norm(x + linear(inner, f"{at}output.dense"), f"{at}output.LayerNorm")
    mean: Array = x.mean(axis=0)
    return mean / np.linalg.norm(mean)


@pytest.mark.parametrize("tokens", [2, 40, pytest.param(256, marks=pytest.mark.long)])
def test_the_graph_in_float32_is_the_forward_pass(made_weights: Weights, tokens: int) -> None:
    ids = np.random.default_rng(tokens).integers(0, 1_200, tokens)
    session = open_session(minilm_graph(made_weights, "float32"))
    found = run(session, ids[np.newaxis])[0]
    np.testing.assert_allclose(found, forward(made_weights, ids.tolist()), atol=2e-6)


def test_int8_stays_near_float32(made_weights: Weights) -> None:
    ids = np.random.default_rng(0).integers(0, 1_200, (8, 20))
    exact = run(open_session(minilm_graph(made_weights, "float32")), ids)
    rounded = run(open_session(minilm_graph(made_weights, "int8")), ids)
    assert (exact * rounded).sum(axis=1).min() > 0.99


def test_the_same_weights_give_the_same_bytes(made_weights: Weights) -> None:
    assert minilm_graph(made_weights, "int8") == minilm_graph(made_weights, "int8")
