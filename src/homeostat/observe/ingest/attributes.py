"""Attributes: from the wire to plain values, each distinct encoding decoded once.

Most attributes of a stream of spans repeat (`gen_ai.provider.name=openai`). A memo from the encoded
bytes to the name and value costs 60 ns a hit; decoding costs 700.
"""

import base64
import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from homeostat.core.losses import Losses
from homeostat.core.span import Scalar
from homeostat.observe.ingest.limits import Limits
from homeostat.observe.ingest.names import LLM_FIELDS, PER_REQUEST, is_content

Pair = tuple[str, Scalar]

NOTHING: Pair = ("", "")
"""Stands for an attribute that is not kept; its empty name is removed from the result."""

MEMO_BYTES = 160
MEMO_MAX = 16_384
DEPTH_MAX = 32


def plain_value(value: Any, depth: int = 0) -> object:
    """Return what an AnyValue message holds: text, bool, number, bytes, list, dict, or None."""
    which = value.WhichOneof("value")
    if which is None:
        return None
    held = getattr(value, which)
    if which == "array_value":
        if depth >= DEPTH_MAX:
            return None
        return [plain_value(v, depth + 1) for v in held.values]
    if which == "kvlist_value":
        if depth >= DEPTH_MAX:
            return None
        return {kv.key: plain_value(kv.value, depth + 1) for kv in held.values}
    return held


def scalar(value: object) -> Scalar | None:
    """Return a plain value as a scalar: lists and dicts as JSON, bytes as base64; None for what is none."""
    if isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return value if -(2**63) <= value < 2**63 else str(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, list | dict):
        return msgspec.json.encode(value, enc_hook=str).decode()
    return None


def drop_parameters(attributes: dict[str, Scalar]) -> None:
    """Remove a model's parameters, which may hold instructions and tools."""
    for name in LLM_FIELDS["parameters"]:
        attributes.pop(name, None)


class AttributeReader(dict[bytes, Pair]):
    """Reads the attributes of spans, points and records of one wire format."""

    def __init__(
        self,
        decode: Callable[[bytes], tuple[str, object]],
        losses: Losses,
        limits: Limits,
        capture_content: bool,
    ) -> None:
        super().__init__()
        self._decode = decode
        self._losses = losses
        self._limits = limits
        self._capture_content = capture_content
        self._find = self.__getitem__
        self._kept_names: dict[str, bool] = {}

    def read(self, encoded: Sequence[bytes]) -> dict[str, Scalar]:
        """Return names and values. Raises what the decoder raises for damaged bytes."""
        found = self.read_with_parameters(encoded)
        if not self._capture_content:
            drop_parameters(found)
        return found

    def read_with_parameters(self, encoded: Sequence[bytes]) -> dict[str, Scalar]:
        """Return the same and a model's parameters, which `drop_parameters` removes when they are read."""
        surplus = len(encoded) - self._limits.attributes
        if surplus > 0:
            self._losses.add("ingest.attributes_cut", surplus)
        encoded = encoded[: self._limits.attributes]
        if not encoded:
            return {}
        if type(encoded[0]) is not bytes:
            encoded = [bytes(e) for e in encoded]  # JSON comes as views, which cannot be looked up
        found = dict(map(self._find, encoded))
        found.pop("", None)
        return found

    def __missing__(self, encoded: bytes) -> Pair:
        name, value = self._decode(encoded)
        if not self._keeps(name):
            return self._remember(encoded, NOTHING)
        held = value if type(value) is str else scalar(value)
        if held is None:
            if isinstance(value, float):
                self._losses.add("ingest.not_finite")
                return NOTHING
            return self._remember(encoded, NOTHING)
        if isinstance(held, str) and len(held) > self._limits.value_chars:
            self._losses.add("ingest.values_cut")
            return name, held[: self._limits.value_chars]
        return (name, held) if name in PER_REQUEST else self._remember(encoded, (name, held))

    def _keeps(self, name: str) -> bool:
        """Tell whether attributes of this name are kept; those of a model's parameters are at least read."""
        kept = self._kept_names.get(name)
        if kept is None:
            content = is_content(name) and name not in LLM_FIELDS["parameters"]
            kept = bool(name) and (self._capture_content or not content)
            if len(name) > self._limits.name_chars:
                self._losses.add("ingest.attributes_cut")
                return False
            if len(self._kept_names) >= MEMO_MAX:
                self._kept_names.clear()
            self._kept_names[name] = kept
        return kept

    def _remember(self, encoded: bytes, pair: Pair) -> Pair:
        if len(encoded) <= MEMO_BYTES:
            if len(self) >= MEMO_MAX:
                self.clear()
            self[encoded] = pair
        return pair


def bounded(items: Sequence[Any], most: int, losses: Losses, reason: str) -> Iterable[Any]:
    """Return at most so many items, and count the rest as lost."""
    if len(items) <= most:
        return items
    losses.add(reason, len(items) - most)
    return items[:most]
