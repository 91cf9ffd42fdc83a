"""The target language: what is expected of a metric, as one line of text.

    target   = plain | burn
    plain    = reading side amount [ "over" length { "and" length } ] clauses
    burn     = "burn" "(" share side percentage "over" length ")"
               [ side number "over" length { "and" length } ] clauses
    reading  = statistic [ "(" [ metric ] [ side amount ] [ "among" metric ] ")" ]
    statistic= "mean" | "p50" | "p99.9" | ... | "min" | "max" | "last" | "total" | "rate" | "share"
    side     = "<" | "<=" | ">" | ">="
    amount   = number [ unit ]            200 ms, 1%, 5 USD, 0.1/s, 64 MiB
    length   = number ( "s" | "min" | "h" | "d" )
    clauses  = [ "where" attribute "=" value { "and" attribute "=" value } ]
               [ "by" ( "*" | attribute { "," attribute } ) ]

`parse` and `write` are inverse to one another: what one writes the other reads as the same value.
"""

import math
from typing import TypeVar

from homeostat.core.target import Amount, Beyond, Burn, Reading, Side, Target
from homeostat.judge.targets.target_tokens import WORD, Token, mistake, quoted, tokens, unquoted
from homeostat.judge.words.amount import LENGTHS_NS, write_amount, write_length, write_number

STATISTICS = ("mean", "min", "max", "last", "total", "rate", "share")
KEYWORDS = frozenset({"over", "and", "where", "by", "among"})
LENGTH_MAX_NS = 400 * LENGTHS_NS["d"]
WINDOWS_MAX = 3
_Found = TypeVar("_Found")
EXAMPLE = "write it like 'p95 < 200 ms over 10 min'"


def quantile_of(statistic: str) -> float | None:
    """Return the probability that a statistic such as p95 names; None for what is no quantile.

    >>> quantile_of("p99.9"), quantile_of("mean")
    (0.999, None)
    """
    digits = statistic[1:]
    if not statistic.startswith("p") or not digits.replace(".", "", 1).isdecimal() or not digits.isascii():
        return None
    percent = float(digits) if digits[-1] != "." and digits[0] != "." else math.nan
    return round(percent / 100, 12) if 0 < percent < 100 else None


def parse(text: str) -> Target:
    """Read a target. Raises ConfigError that shows the text, the position and the remedy.

    >>> parse("p95 < 200 ms over 10 min").bound
    Amount(value=200.0, unit='ms')
    >>> parse("p95 < 200 ms over 10 furlongs")
    Traceback (most recent call last):
    homeostat.core.errors.ConfigError: the target 'p95 < 200 ms over 10 furlongs' cannot be understood at \
position 22 ('furlongs'): this is no unit of time; use ms, s, min, h or d
    """
    return _Reader(text).target()


def parse_amount(text: str) -> Amount:
    """Read an amount such as `400 ms`. Raises ConfigError."""
    return _Reader(text).whole_amount()


def parse_length(text: str) -> int:
    """Read a length of time such as `10 min`, in ns. Raises ConfigError."""
    return _Reader(text).whole_length()


class _Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = tokens(text)
        self._next = 0

    @property
    def _here(self) -> Token:
        return self._tokens[self._next]

    def _take(self) -> Token:
        token = self._here
        if token.sort != "end":
            self._next += 1
        return token

    def _taken(self, text: str) -> bool:
        found = self._here.sort in ("word", "sign") and self._here.text == text
        if found:
            self._next += 1
        return found

    def _refuse(self, token: Token, what: str, remedy: str) -> Exception:
        return mistake(self._text, token.at, what, remedy)

    def _expect(self, sign: str, remedy: str) -> None:
        if not self._taken(sign):
            raise self._refuse(self._here, f"{sign!r} is missing here", remedy)

    def whole_amount(self) -> Amount:
        return self._whole(self._amount())

    def whole_length(self) -> int:
        return self._whole(self._length())

    def _whole(self, found: _Found) -> _Found:
        if self._here.sort != "end":
            raise self._refuse(self._here, "this does not belong here", "leave it out")
        return found

    def target(self) -> Target:
        if self._here.sort == "end":
            raise self._refuse(self._here, "there is nothing", EXAMPLE)
        reading, side, bound, windows, burn = self._burn() if self._taken("burn") else self._plain()
        where = self._where()
        by = self._by()
        if self._here.sort != "end":
            raise self._refuse(
                self._here,
                "this does not belong here",
                "after the bound come only 'over', 'where' and 'by', in this order",
            )
        return Target(reading, side, bound, windows, burn, where, by)

    def _plain(self) -> tuple[Reading, Side, Amount, tuple[int, ...], None]:
        reading = self._reading()
        side = self._side()
        bound = self._amount()
        windows = self._windows() if self._taken("over") else ()
        return reading, side, bound, windows, None

    def _burn(self) -> tuple[Reading, Side, Amount, tuple[int, ...], Burn]:
        remedy = "write it like 'burn(rate(errors) < 0.1% over 30 d)'"
        self._expect("(", remedy)
        at = self._here
        reading = self._reading()
        if reading.statistic not in ("share", "rate"):
            raise self._refuse(at, f"a budget is one of bad events, not of {reading.statistic!r}", remedy)
        at = self._here
        if not self._side().below:
            raise self._refuse(at, "a budget is a share that bad events stay below", remedy)
        at = self._here
        amount = self._amount()
        share = amount.value / 100 if amount.unit == "%" else amount.value
        if amount.unit not in ("", "%", "ratio") or not 0 < share < 1:
            raise self._refuse(at, "a budget lies between 0% and 100%", remedy)
        self._expect("over", remedy)
        burn = Burn(share, self._length())
        self._expect(")", remedy)
        if self._here.text not in tuple(Side):
            return reading, Side.BELOW, Amount(0.0), (), burn
        at = self._here
        side = self._side()
        bound = self._amount()
        if not side.below or bound.unit or bound.value <= 0:
            raise self._refuse(
                at, "a burn rate is a number that is not to be exceeded", "write it like '< 14.4 over 1 h'"
            )
        self._expect("over", "say over which windows, as in '< 14.4 over 1 h and 5 min'")
        return reading, side, bound, self._windows(), burn

    def _reading(self) -> Reading:
        token = self._take()
        if token.sort != "word" or not (token.text in STATISTICS or quantile_of(token.text)):
            raise self._refuse(
                token,
                "a statistic is expected",
                f"use one of {', '.join(STATISTICS)}, a quantile such as p95, or burn(...)",
            )
        if not self._taken("("):
            return Reading(token.text)
        metric = self._take().text if self._is_name() else ""
        beyond = Beyond(self._side(), self._amount()) if self._here.text in tuple(Side) else None
        among = ""
        if self._taken("among"):
            at = self._take()
            if at.sort != "word" or at.text in KEYWORDS:
                raise self._refuse(at, "a metric's name is expected", "write share(bad among all)")
            among = at.text
        if (beyond or among) and token.text not in ("share", "rate"):
            raise self._refuse(token, "only a share has parts", "write share(...) instead")
        if beyond and among:
            raise self._refuse(self._here, "a share has either a bound or 'among'", "leave one of them out")
        self._expect(")", "close the parenthesis after the metric's name")
        return Reading(token.text, metric, beyond, among)

    def _is_name(self) -> bool:
        return self._here.sort == "word" and self._here.text not in KEYWORDS

    def _side(self) -> Side:
        token = self._take()
        if token.text not in tuple(Side):
            raise self._refuse(token, "a comparison is expected", "use <, <=, > or >=")
        return Side(token.text)

    def _number(self) -> float:
        token = self._take()
        if token.sort != "number" or not math.isfinite(float(token.text)):
            raise self._refuse(token, "a number is expected", "write digits such as 200 or 0.95")
        return float(token.text)

    def _amount(self) -> Amount:
        value = self._number()
        unit = ""
        if self._taken("%"):
            unit = "%"
        elif self._is_name():
            unit = self._take().text
        if self._taken("/"):
            token = self._take()
            if token.text not in ("s", "min", "h", "d"):
                raise self._refuse(token, "a unit of time is expected after '/'", "use s, min, h or d")
            unit = f"{unit}/{token.text}"
        return Amount(value, unit)

    def _length(self) -> int:
        at = self._here
        value = self._number()
        token = self._take()
        if token.text not in LENGTHS_NS:
            raise self._refuse(token, "this is no unit of time", "use ms, s, min, h or d")
        length_ns = round(value * LENGTHS_NS[token.text])
        if not LENGTHS_NS["s"] <= length_ns <= LENGTH_MAX_NS:
            raise self._refuse(at, "this length of time cannot be used", "take one from 1 s to 400 d")
        return length_ns

    def _windows(self) -> tuple[int, ...]:
        found = [self._length()]
        while self._taken("and"):
            at = self._here
            found.append(self._length())
            if len(found) > WINDOWS_MAX or found[-1] >= found[-2]:
                raise self._refuse(
                    at, "windows go from the longest to the shortest", f"name up to {WINDOWS_MAX} of them so"
                )
        return tuple(found)

    def _attribute(self) -> str:
        token = self._take()
        if token.sort == "text":
            return unquoted(token.text)
        if token.sort != "word" or token.text in KEYWORDS:
            raise self._refuse(token, "the name of an attribute is expected", "such as operation or model")
        return token.text

    def _where(self) -> tuple[tuple[str, str], ...]:
        if not self._taken("where"):
            return ()
        wanted: dict[str, str] = {}
        while True:
            at = self._here
            name = self._attribute()
            if name in wanted:
                raise self._refuse(at, f"{name} is selected twice", "write a second target for the other")
            self._expect("=", 'select by equality, as in operation = "answer"')
            value = self._take()
            if value.sort not in ("text", "word", "number"):
                raise self._refuse(value, "a value is expected", 'write it in quotes, as in "answer"')
            wanted[name] = unquoted(value.text) if value.sort == "text" else value.text
            if not self._taken("and"):
                return tuple(sorted(wanted.items()))

    def _by(self) -> tuple[str, ...]:
        if not self._taken("by"):
            return ()
        if self._taken("*"):
            return ("*",)
        names = [self._attribute()]
        while self._taken(","):
            names.append(self._attribute())
        return tuple(sorted(set(names)))


def write(target: Target) -> str:
    """Return a target as text.

    >>> write(parse("p95(llm.duration)<2s over 600 s where model=gpt-5 by service"))
    'p95(llm.duration) < 2 s over 10 min where model = "gpt-5" by service'
    """
    reading = write_reading(target.reading)
    windows = " and ".join(write_length(w) for w in target.windows_ns)
    if target.burn is None:
        parts = [f"{reading} {target.side} {write_amount(target.bound)}"]
    else:
        budget = _budget(target.burn.share)
        parts = [f"burn({reading} < {budget} over {write_length(target.burn.period_ns)})"]
        if windows:
            parts.append(f"{target.side} {write_amount(target.bound)}")
    if windows:
        parts.append(f"over {windows}")
    if target.where:
        parts.append("where " + " and ".join(f"{_name(k)} = {quoted(v)}" for k, v in target.where))
    if target.by:
        parts.append("by " + ", ".join("*" if b == "*" else _name(b) for b in target.by))
    return " ".join(parts)


def _budget(share: float) -> str:
    """Return a share in percent where that is read back as the same number."""
    percent = share * 100
    return f"{write_number(percent)}%" if percent / 100 == share else write_number(share)


def write_reading(reading: Reading) -> str:
    """Return a reading as text.

    >>> write_reading(Reading("share", "errors"))
    'share(errors)'
    """
    inner = [reading.metric] if reading.metric else []
    if reading.beyond is not None:
        inner.append(f"{reading.beyond.side} {write_amount(reading.beyond.amount)}")
    if reading.among:
        inner.append(f"among {reading.among}")
    return f"{reading.statistic}({' '.join(inner)})" if inner else reading.statistic


def _name(name: str) -> str:
    return name if WORD.fullmatch(name) and name not in KEYWORDS else quoted(name)
