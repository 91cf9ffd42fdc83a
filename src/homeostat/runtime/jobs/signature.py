"""The signature: how the arguments and the result of a job become JSON and come back with their types."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_type_hints

import msgspec

from homeostat.core.errors import ConfigError, InputError

ARGUMENTS_BYTES_MAX = 1 << 20
"""Arguments, or a result, of one job. What is larger belongs into a file or a store, and its name in here."""

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


class Signature:
    """The parameters of one job's function, by its annotations; what has none is anything that JSON holds."""

    def __init__(self, name: str, function: Callable[..., Any]) -> None:
        self._name = name
        self._signature = inspect.signature(function)
        hints = _hints(name, function)
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for parameter in self._signature.parameters.values():
            if parameter.kind in _VARIADIC or parameter.kind is inspect.Parameter.POSITIONAL_ONLY:
                raise ConfigError(
                    f"job {name!r} takes {parameter}: give each parameter a name that can be written down"
                )
            kind = hints.get(parameter.name, Any)
            if parameter.default is inspect.Parameter.empty:
                fields.append((parameter.name, kind))
            else:
                fields.append(
                    (parameter.name, kind, msgspec.field(default_factory=_constant(parameter.default)))
                )
        self._struct = msgspec.defstruct(
            f"arguments_of_{name}", fields, kw_only=True, forbid_unknown_fields=True
        )
        self._names = tuple(self._signature.parameters)
        self._decoder = _decoder(name, self._struct)
        self._result = _decoder(name, hints.get("return", Any))
        self.bare = all(p.default is not inspect.Parameter.empty for p in self._signature.parameters.values())

    def encode(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        """Return arguments as JSON. Raises InputError where they do not fit the parameters."""
        try:
            bound = self._signature.bind(*args, **kwargs).arguments
            text = msgspec.json.encode(bound)
            self._decoder.decode(text)
        except (TypeError, msgspec.MsgspecError, OverflowError, UnicodeEncodeError) as error:
            raise InputError(f"arguments of job {self._name!r} do not fit: {error}") from None
        return _bounded(text, f"arguments of job {self._name!r}")

    def decode(self, text: str) -> dict[str, Any]:
        """Return the arguments by name. Raises InputError where they no longer fit the function."""
        try:
            struct = self._decoder.decode(text)
        except msgspec.MsgspecError as error:
            raise InputError(f"arguments of job {self._name!r} do not fit its function: {error}") from None
        return {name: getattr(struct, name) for name in self._names}

    def encode_result(self, value: Any) -> str:
        """Return a result as JSON. Raises InputError where it is nothing that JSON holds, or is too large."""
        try:
            text = msgspec.json.encode(value)
        except (TypeError, OverflowError, UnicodeEncodeError) as error:
            raise InputError(f"the result of job {self._name!r} cannot be kept: {error}") from None
        return _bounded(text, f"the result of job {self._name!r}")

    def decode_result(self, text: str) -> Any:
        """Return a result in the type that the function is annotated with."""
        try:
            return self._result.decode(text)
        except msgspec.MsgspecError as error:
            raise InputError(f"the result of job {self._name!r} does not fit its type: {error}") from None


def _hints(name: str, function: Callable[..., Any]) -> dict[str, Any]:
    try:
        return get_type_hints(function, include_extras=True)
    except NameError as error:
        raise ConfigError(f"an annotation of job {name!r} cannot be read: {error}") from None


def _decoder(name: str, kind: Any) -> "msgspec.json.Decoder[Any]":
    try:
        return msgspec.json.Decoder(kind)
    except TypeError as error:
        raise ConfigError(f"job {name!r} has a type that cannot be written down: {error}") from None


def _constant(value: Any) -> Callable[[], Any]:
    return lambda: value


def _bounded(text: bytes, what: str) -> str:
    if len(text) > ARGUMENTS_BYTES_MAX:
        raise InputError(
            f"{what} take {len(text)} bytes, and {ARGUMENTS_BYTES_MAX} is all that is taken: "
            "store them elsewhere and hand over where"
        )
    return text.decode()
