"""Claims about the target language: it reads what it writes, and its errors show the place and the remedy."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.core.clock import DAY_NS, HOUR_NS, MINUTE_NS, SECOND_NS
from homeostat.core.errors import ConfigError
from homeostat.core.target import Amount, Beyond, Burn, Reading, Side, Target
from homeostat.judge.targets.target_language import KEYWORDS, parse, parse_amount, parse_length, write

names = st.from_regex(r"[a-z][a-z_.]{0,8}[a-z]", fullmatch=True).filter(lambda n: n not in KEYWORDS)
numbers = st.floats(-1e9, 1e9, allow_nan=False).map(lambda v: v + 0.0) | st.integers(-999, 9999).map(float)
units = st.sampled_from(["", "ms", "s", "%", "USD", "KiB", "tokens", "/s", "USD/h", "widgets", "µs"])
amounts = st.builds(Amount, numbers, units)
sides = st.sampled_from(Side)
statistics = st.sampled_from(["mean", "p50", "p95", "p99.9", "min", "max", "last", "total", "rate", "share"])
lengths = st.integers(1, 400 * 24 * 3600).map(lambda s: s * SECOND_NS)
windows = st.lists(lengths, max_size=3, unique=True).map(lambda w: tuple(sorted(w, reverse=True)))
texts = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
attributes = names | texts.filter(lambda t: t != "*")
plain_readings = st.builds(Reading, statistics, st.just("") | names)
share_readings = st.builds(Reading, st.sampled_from(["share", "rate"]), st.just("") | names) | st.one_of(
    st.builds(lambda m, s, a: Reading("share", m, Beyond(s, a)), st.just("") | names, sides, amounts),
    st.builds(lambda m, n: Reading("share", m, None, n), names, names),
)
wheres = st.dictionaries(attributes, texts, max_size=3).map(lambda d: tuple(sorted(d.items())))
bys = st.just(("*",)) | st.lists(attributes, max_size=3, unique=True).map(lambda b: tuple(sorted(b)))
plain = st.builds(Target, plain_readings | share_readings, sides, amounts, windows, st.none(), wheres, bys)
budgets = st.builds(Burn, st.floats(1e-6, 0.999), lengths)
burns = st.builds(
    lambda r, b, w, n, where, by: Target(r, Side.BELOW, Amount(n) if w else Amount(0.0), w, b, where, by),
    share_readings,
    budgets,
    windows,
    st.floats(0.001, 1e6),
    wheres,
    bys,
)


@given(plain | burns)
def test_what_is_written_is_read_as_the_same_target(target: Target) -> None:
    assert parse(write(target)) == target


@given(st.text(max_size=60) | st.text('p95<=>()%*/, over10minwhereby"', max_size=40))
def test_any_text_is_read_or_refused_on_purpose(text: str) -> None:
    with suppress(ConfigError):
        again = write(parse(text))
        assert write(parse(again)) == again


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("p95<200ms over 10min", "p95 < 200 ms over 10 min"),
        ("rate( errors )<1 %", "rate(errors) < 1%"),
        (
            "total(llm.cost) < 5 USD over 1 d by service,model",
            "total(llm.cost) < 5 USD over 1 d by model, service",
        ),
        ("last <= 80%", "last <= 80%"),
        ("share(llm.duration > 2 s) < 1%", "share(llm.duration > 2 s) < 1%"),
        ("share(bad among all) < 0.5 by *", "share(bad among all) < 0.5 by *"),
        ("burn(rate(errors) < 0.1% over 30 d)", "burn(rate(errors) < 0.1% over 30 d)"),
        (
            "burn(share(errors) < 0.1% over 30 d) < 14.4 over 1 h and 5 min",
            "burn(share(errors) < 0.1% over 30 d) < 14.4 over 1 h and 5 min",
        ),
        ('mean > 0.95 where operation = "two words"', 'mean > 0.95 where operation = "two words"'),
    ],
)
def test_the_same_may_be_said_with_other_spaces_and_order(text: str, same: str) -> None:
    assert write(parse(text)) == same


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "at its end", "there is nothing; write it like 'p95 < 200 ms over 10 min'"),
        (
            "p95 < 200 ms § 10",
            "position 14 ('§')",
            "no meaning here; put values with odd characters into quotes",
        ),
        ("median < 3", "position 1 ('median')", "a statistic is expected; use one of mean, min"),
        ("p0 < 3", "position 1 ('p0')", "a statistic is expected"),
        ("p95 200 ms", "position 5 ('200')", "a comparison is expected; use <, <=, > or >="),
        ("p95 < fast", "position 7 ('fast')", "a number is expected; write digits"),
        ("p95 < 1e999 ms", "position 7 ('1e999')", "a number is expected"),
        ("p95 <", "at its end", "a number is expected"),
        (
            "p95 < 2 USD/fortnight",
            "position 13 ('fortnight')",
            "a unit of time is expected after '/'; use s,",
        ),
        ("p95 < 2 s over 10 furlongs", "position 19 ('furlongs')", "no unit of time; use ms, s, min, h or d"),
        ("p95 < 2 s over 1 ms", "position 16 ('1')", "cannot be used; take one from 1 s to 400 d"),
        ("p95 < 2 s over 5 min and 1 h", "position 26 ('1')", "from the longest to the shortest"),
        ("p95 < 2 s over 4 h and 3 h and 2 h and 1 h", "position 40 ('1')", "name up to 3 of them"),
        ("p95(llm.duration < 2 s) < 3", "position 1 ('p95')", "only a share has parts; write share(...)"),
        ("share(a > 1 among b) < 3", "position 20 (')')", "either a bound or 'among'; leave one of them out"),
        (
            "share(a among 3) < 3",
            "position 15 ('3')",
            "a metric's name is expected; write share(bad among all)",
        ),
        ("p95(llm.duration < ", "at its end", "a number is expected"),
        ("p95(llm.duration 3", "position 18 ('3')", "')' is missing here; close the parenthesis"),
        ("mean < 3 where a", "at its end", "'=' is missing here; select by equality"),
        ("mean < 3 where a = ", "at its end", 'a value is expected; write it in quotes, as in "answer"'),
        ("mean < 3 where 3 = 4", "position 16 ('3')", "the name of an attribute is expected"),
        ("mean < 3 where a = 1 and a = 2", "position 26 ('a')", "a is selected twice; write a second target"),
        ("mean < 3 by", "at its end", "the name of an attribute is expected"),
        (
            "mean < 3 by a where b = c",
            "position 15 ('where')",
            "does not belong here; after the bound come only",
        ),
        ("burn 3", "position 6 ('3')", "'(' is missing here; write it like 'burn(rate(errors)"),
        ("burn(p95 < 3 over 30 d)", "position 6 ('p95')", "a budget is one of bad events, not of 'p95'"),
        ("burn(rate(errors) > 1% over 30 d)", "position 19 ('>')", "a share that bad events stay below"),
        ("burn(rate(errors) < 100% over 30 d)", "position 21 ('100')", "a budget lies between 0% and 100%"),
        ("burn(rate(errors) < 1%)", "position 23 (')')", "'over' is missing here"),
        ("burn(rate(errors) < 1% over 30 d) > 3 over 1 h", "position 35 ('>')", "not to be exceeded"),
        ("burn(rate(errors) < 1% over 30 d) < 3", "at its end", "say over which windows"),
    ],
)
def test_an_error_names_the_text_the_place_and_the_remedy(text: str, place: str, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text)
    assert repr(text) in str(error.value)
    assert f"{place}: " in str(error.value)
    assert said in str(error.value)


def test_a_text_beyond_all_measure_is_refused_by_its_length() -> None:
    with pytest.raises(ConfigError, match="has 5001 characters; write at most 1000"):
        parse("p" * 5_001)


def test_lengths_and_amounts_are_read_alone() -> None:
    assert [parse_length(t) for t in ("90 s", "10 min", "1 h", "2d")] == [
        90 * SECOND_NS,
        10 * MINUTE_NS,
        HOUR_NS,
        2 * DAY_NS,
    ]
    assert parse_amount("400 ms") == Amount(400.0, "ms")
    with pytest.raises(ConfigError, match="does not belong here"):
        parse_amount("400 ms over")
