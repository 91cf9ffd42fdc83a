"""The rule: a condition on knobs as text, such as `batch_size * workers <= 256`.

It is read with Python's own parser, and only what is listed here is worked out: names of knobs, numbers,
texts, True and False; + - * / // %; comparisons, also chained and with `in (…)`; and, or, not. There are no
calls, no attributes, no subscripts and no powers, so that no text can do anything but compare.
"""

import ast
import operator
from collections.abc import Callable
from typing import Any

from homeostat.core.errors import ConfigError, InputError
from homeostat.core.knob import Configuration, Value

LENGTH_MAX = 500

ARITHMETIC: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}

COMPARISONS: dict[type[ast.cmpop], Callable[[Any, Any], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda value, values: value in values,
    ast.NotIn: lambda value, values: value not in values,
}

KNOWN = (
    "a rule compares knobs, numbers, texts, True and False, with + - * / // %, comparisons, `in (…)`, "
    "and, or, not; such as 'batch_size * workers <= 256'"
)


class Rule:
    """A condition that a configuration fulfils or not. `names` are the knobs that it is about."""

    __slots__ = ("_body", "names", "text")

    def __init__(self, text: str) -> None:
        """Read the text; raise ConfigError saying what of it is not understood."""
        self.text = text.strip()
        if len(self.text) > LENGTH_MAX:
            raise ConfigError(f"a rule has at most {LENGTH_MAX} characters, not {len(self.text)}")
        try:
            self._body = ast.parse(self.text, mode="eval").body
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise ConfigError(f"the rule {self.text!r} cannot be read: {KNOWN}") from None
        for node in ast.walk(self._body):
            self._check(node)
        self.names = frozenset(n.id for n in ast.walk(self._body) if isinstance(n, ast.Name))
        if not self.names:
            raise ConfigError(f"the rule {self.text!r} names no knob: {KNOWN}")

    def _check(self, node: ast.AST) -> None:
        match node:
            case ast.BinOp(op=op) if type(op) in ARITHMETIC:
                return
            case ast.Compare(ops=ops, comparators=others) if all(type(op) in COMPARISONS for op in ops):
                among = [o for op, o in zip(ops, others, strict=True) if isinstance(op, ast.In | ast.NotIn)]
                if all(isinstance(other, ast.Tuple | ast.List) for other in among):
                    return
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not()) | ast.BoolOp() | ast.Name():
                return
            case ast.Constant(value=bool() | int() | float() | str()) | ast.Tuple() | ast.List():
                return
            case ast.operator() | ast.cmpop() | ast.unaryop() | ast.boolop() | ast.expr_context():
                return
        raise ConfigError(f"the rule {self.text!r} holds what is not understood: {KNOWN}")

    def holds(self, configuration: Configuration) -> bool:
        """Tell whether a configuration fulfils it; raise InputError where it cannot be worked out."""
        try:
            return bool(_worked_out(self._body, configuration))
        except (TypeError, ArithmeticError) as error:
            values = {name: configuration[name] for name in sorted(self.names)}
            raise InputError(f"the rule {self.text!r} cannot be worked out for {values}: {error}") from None


def _worked_out(node: ast.expr, values: Configuration) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return tuple(_worked_out(part, values) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _worked_out(operand, values)
        case ast.UnaryOp(op=op, operand=operand):
            value = _number(_worked_out(operand, values))
            return -value if isinstance(op, ast.USub) else value
        case ast.BinOp(left=left, op=op, right=right):
            a, b = _number(_worked_out(left, values)), _number(_worked_out(right, values))
            return ARITHMETIC[type(op)](a, b)
        case ast.BoolOp(op=op, values=parts):
            every = isinstance(op, ast.And)
            return (all if every else any)(_worked_out(part, values) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=others):
            before = _worked_out(left, values)
            for sign, other in zip(ops, others, strict=True):
                after = _worked_out(other, values)
                if not COMPARISONS[type(sign)](before, after):
                    return False
                before = after
            return True
    raise AssertionError(f"unchecked node {node!r}")


def _number(value: Value) -> int | float:
    """Only numbers are reckoned with: a text times a number could grow without bound."""
    if isinstance(value, int | float):
        return value
    raise TypeError(f"{value!r} is no number")
