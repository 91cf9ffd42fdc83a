"""Serialisers: values to bytes and back, by type. Nothing is ever executed: pickle has no place here."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import msgspec

V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Serialiser(Generic[V]):
    """Two functions. `decode` raises msgspec.DecodeError for bytes that are no value of the type."""

    encode: Callable[[V], bytes]
    decode: Callable[[bytes], V]


def msgpack(kind: type[V]) -> Serialiser[V]:
    """Return the compact form of values of a type that msgspec knows: Structs, dataclasses, containers.

    >>> both = msgpack(dict[str, int])
    >>> both.decode(both.encode({"a": 1}))
    {'a': 1}
    """
    return Serialiser(msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(kind).decode)


def json(kind: type[V]) -> Serialiser[V]:
    """Return the form that people and other languages read."""
    return Serialiser(msgspec.json.Encoder().encode, msgspec.json.Decoder(kind).decode)


ANYTHING: Serialiser[Any] = msgpack(object)
"""Plain values: None, numbers, texts, bytes, lists and dicts of them."""


class Sealed(msgspec.Struct, array_like=True, frozen=True):
    """A value as it lies in a shared tier, with its times by the wall clock of who wrote it."""

    fresh_ms: int
    dead_ms: int
    body: bytes | None
    stamps: tuple[tuple[str, str], ...] = ()


encode_sealed = msgspec.msgpack.Encoder().encode
decode_sealed = msgspec.msgpack.Decoder(Sealed).decode
