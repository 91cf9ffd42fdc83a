"""The graph: MiniLM's forward pass as ONNX, from its weights, in float32 or with int8 weights.

BERT with 6 layers (Devlin et al. 2019, arXiv:1810.04805), then the mean over all tokens and length one
(Reimers and Gurevych 2019, arXiv:1908.10084). All texts of a batch have equally many tokens: nothing is
padded, so there is no mask.
"""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from homeostat.runtime.embed.graph_shape import DIMENSIONS, IDS, TOKENS_MAX, VECTORS

Weights = Mapping[str, NDArray[np.float32]]
Precision = Literal["float32", "int8"]

LAYERS = 6
HEADS = 12
EPSILON = 1e-12
OPSET = 20
IR_VERSION = 9


def minilm_graph(weights: Weights, precision: Precision) -> bytes:
    """Return the model: from ids of tokens, (n, t) int64, to vectors of length one, (n, 384) float32.

    With int8 each output channel of a matrix and each row of the vocabulary has a scale of its own; what is
    multiplied with a matrix is rounded to 8 bits when it comes, with a scale for all of it.
    """
    graph = _Graph(weights, precision)
    x = graph.embedded(IDS)
    for layer in range(LAYERS):
        x = graph.attended(x, f"encoder.layer.{layer}.attention.")
        x = graph.thought_over(x, f"encoder.layer.{layer}.")
    graph.add(
        "LpNormalization", graph.add("ReduceMean", x, graph.integers(1), keepdims=0), axis=-1, output=VECTORS
    )
    return graph.model()


class _Graph:
    """Nodes and constants as they are added; each method returns the name of what it computes."""

    def __init__(self, weights: Weights, precision: Precision) -> None:
        self._weights = weights
        self._int8 = precision == "int8"
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, onnx.TensorProto] = {}

    def embedded(self, ids: str) -> str:
        """Look tokens up, add where they stand, normalise."""
        words = self._weights["embeddings.word_embeddings.weight"]
        places = self._weights["embeddings.position_embeddings.weight"][:TOKENS_MAX]
        places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        if self._int8:
            levels, scales = _rounded(words)
            found = self.add("Gather", self.constant("words", levels), ids)
            scale = self.add("Gather", self.constant("words.scales", scales[:, np.newaxis]), ids)
            x = self.add("Mul", self.add("Cast", found, to=TensorProto.FLOAT), scale)
        else:
            x = self.add("Gather", self.constant("words", words), ids)
        tokens = self.add("Shape", ids, start=1)
        place = self.add("Slice", self.constant("places", places), self.integers(0), tokens, self.integers(0))
        return self.normalised(self.add("Add", x, place), "embeddings.LayerNorm.")

    def attended(self, x: str, at: str) -> str:
        """Attention: 12 heads, their queries divided by the root of their width beforehand."""
        width = DIMENSIONS // HEADS
        parts = []
        for name, factor in (("query", width**-0.5), ("key", 1.0), ("value", 1.0)):
            weight = self._weights[f"{at}self.{name}.weight"] * np.float32(factor)
            parts.append((weight, self._weights[f"{at}self.{name}.bias"] * np.float32(factor)))
        weight, bias = (np.concatenate(both) for both in zip(*parts, strict=True))
        joint = self.linear(x, weight, bias, f"{at}self")
        query, key, value = self.split(joint, 3)
        heads = self.integers(0, 0, HEADS, width)
        query, key, value = (
            self.add("Transpose", self.add("Reshape", part, heads), perm=order)
            for part, order in ((query, [0, 2, 1, 3]), (key, [0, 2, 3, 1]), (value, [0, 2, 1, 3]))
        )
        shares = self.add("Softmax", self.add("MatMul", query, key), axis=-1)
        found = self.add("Transpose", self.add("MatMul", shares, value), perm=[0, 2, 1, 3])
        found = self.add("Reshape", found, self.integers(0, 0, DIMENSIONS))
        return self.normalised(
            self.add("Add", self.named_linear(found, f"{at}output.dense."), x), f"{at}output.LayerNorm."
        )

    def thought_over(self, x: str, at: str) -> str:
        """The two dense layers with a GELU between them."""
        inner = self.add(
            "Gelu", self.levelled_linear(x, f"{at}attention.output.LayerNorm.", f"{at}intermediate.dense.")
        )
        found = self.named_linear(inner, f"{at}output.dense.")
        return self.normalised(self.add("Add", found, x), f"{at}output.LayerNorm.")

    def normalised(self, x: str, at: str) -> str:
        """Layer normalisation with the weights under a name."""
        gain, bias = (self.constant(at + n, self._weights[at + n]) for n in ("weight", "bias"))
        return self.add("LayerNormalization", x, gain, bias, axis=-1, epsilon=EPSILON)

    def named_linear(self, x: str, at: str) -> str:
        """Multiply with the matrix under a name, and add its bias."""
        return self.linear(x, self._weights[f"{at}weight"], self._weights[f"{at}bias"], at.rstrip("."))

    def levelled_linear(self, x: str, norm: str, at: str) -> str:
        """Do the same with what comes from a layer norm, a few of whose channels are far larger than others.

        They would leave few of the 8 bits to the rest: each is divided by what its norm gives it, and the
        matrix makes up for that (Xiao et al. 2022, arXiv:2211.10438, but without texts to measure on).
        """
        if not self._int8:
            return self.named_linear(x, at)
        sizes = np.abs(self._weights[f"{norm}weight"]) + np.abs(self._weights[f"{norm}bias"])
        level = self.add("Mul", x, self.constant(f"{norm}levels", 1 / sizes))
        return self.linear(
            level, self._weights[f"{at}weight"] * sizes, self._weights[f"{at}bias"], at.rstrip(".")
        )

    def linear(self, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32], name: str) -> str:
        """Multiply with a matrix (out, in), and add a bias (out)."""
        offset = self.constant(f"{name}.bias", bias)
        if not self._int8:
            return self.add("Add", self.add("MatMul", x, self.constant(f"{name}.weight", weight.T)), offset)
        levels, scales = _rounded(weight)
        rounded, scale, zero = self.add_many("DynamicQuantizeLinear", 3, x)
        sums = self.add("MatMulInteger", rounded, self.constant(f"{name}.weight", levels.T), zero)
        factor = self.add("Mul", scale, self.constant(f"{name}.scales", scales))
        product = self.add("Mul", self.add("Cast", sums, to=TensorProto.FLOAT), factor)
        return self.add("Add", product, offset)

    def split(self, x: str, parts: int) -> list[str]:
        """Split the last axis into equal parts."""
        return self.add_many("Split", parts, x, axis=-1, num_outputs=parts)

    def constant(self, name: str, value: NDArray[Any]) -> str:
        """Return the name of a constant."""
        self._constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        """Return the name of a constant of integers: shapes and axes."""
        return self.constant("integers." + ".".join(map(str, values)), np.array(values, np.int64))

    def add(self, kind: str, *inputs: str, output: str = "", **attributes: Any) -> str:
        """Add a node with one output."""
        (found,) = self.add_many(kind, 1, *inputs, output=output, **attributes)
        return found

    def add_many(
        self, kind: str, outputs: int, *inputs: str, output: str = "", **attributes: Any
    ) -> list[str]:
        """Add a node with several outputs."""
        names = [output or f"{kind}.{len(self._nodes)}.{i}" for i in range(outputs)]
        self._nodes.append(helper.make_node(kind, inputs, names, **attributes))
        return names

    def model(self) -> bytes:
        """Return the checked model as bytes."""
        ids = helper.make_tensor_value_info(IDS, TensorProto.INT64, ["texts", "tokens"])
        vectors = helper.make_tensor_value_info(VECTORS, TensorProto.FLOAT, ["texts", DIMENSIONS])
        graph = helper.make_graph(self._nodes, "minilm", [ids], [vectors], list(self._constants.values()))
        opset = [helper.make_opsetid("", OPSET)]
        model = helper.make_model(
            graph, opset_imports=opset, ir_version=IR_VERSION, producer_name="homeostat"
        )
        onnx.checker.check_model(model, full_check=True)
        return model.SerializeToString()


def _rounded(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a matrix as int8 with a scale for each of its rows."""
    scales = np.maximum(np.abs(weight).max(axis=1), np.finfo(np.float32).tiny) / 127
    return np.rint(weight / scales[:, np.newaxis]).astype(np.int8), scales.astype(np.float32)
