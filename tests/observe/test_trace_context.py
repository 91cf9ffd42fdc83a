"""Claims about W3C trace context."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.observe.trace_context import TraceContext, header, parse_traceparent, valid_tracestate

GOOD = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

ids = st.binary(min_size=16, max_size=16).filter(any)
span_ids = st.binary(min_size=8, max_size=8).filter(any)


@given(ids, span_ids, st.sampled_from([0, 1]))
def test_what_is_written_reads_back_the_same(trace_id: bytes, span_id: bytes, flags: int) -> None:
    context = TraceContext(trace_id, span_id, flags)
    assert parse_traceparent(context.traceparent()) == context


@given(st.text(max_size=80))
def test_no_text_raises(text: str) -> None:
    context = parse_traceparent(text)
    assert context is None or (len(context.trace_id), len(context.span_id)) == (16, 8)


@given(st.text(max_size=200))
def test_no_state_raises_and_what_is_kept_is_valid(text: str) -> None:
    kept = valid_tracestate(text)
    assert valid_tracestate(kept) == kept


@given(st.integers(0, len(GOOD) - 1), st.characters())
def test_one_changed_character_is_never_read_as_the_same_context(place: int, character: str) -> None:
    changed = GOOD[:place] + character + GOOD[place + 1 :]
    found = parse_traceparent(changed)
    if found is not None and changed[:2] == "00" and changed[:53] != GOOD[:53]:
        assert found != parse_traceparent(GOOD)


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "00",
        GOOD.upper(),
        GOOD + "-00",
        GOOD + "-",
        GOOD[:-1],
        "ff" + GOOD[2:],
        "0" + GOOD,
        GOOD.replace("-", "_"),
        "00-" + "0" * 32 + "-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4736-" + "0" * 16 + "-01",
        "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
        "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.what",
    ],
)
def test_a_header_that_breaks_the_rules_is_no_context(bad: str) -> None:
    assert parse_traceparent(bad) is None


@pytest.mark.parametrize(
    "later", ["cc" + GOOD[2:], "cc" + GOOD[2:] + "-what-the-future-brings", "01" + GOOD[2:] + "-"]
)
def test_a_later_version_is_read_as_far_as_this_one_reaches(later: str) -> None:
    assert parse_traceparent(later) == parse_traceparent(GOOD)


def test_only_the_sampled_flag_is_kept() -> None:
    unsampled, all_flags = parse_traceparent(GOOD[:-2] + "02"), parse_traceparent(GOOD[:-2] + "ff")
    assert unsampled is not None
    assert all_flags is not None
    assert (unsampled.sampled, all_flags.sampled, all_flags.flags) == (False, True, 1)


def test_spaces_around_the_header_do_no_harm() -> None:
    assert parse_traceparent(f" \t{GOOD} ") == parse_traceparent(GOOD)


@pytest.mark.parametrize(
    ("state", "kept"),
    [
        ("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        ("a=1 , , b=2", "a=1,b=2"),
        ("tenant@system=1", "tenant@system=1"),
        ("0x@s=1", "0x@s=1"),
        ("", ""),
        ("A=1", ""),
        ("a", ""),
        ("a=", ""),
        ("a=1,a=2", ""),
        ("a=b=c", ""),
        ("a=1\n", ""),
        (",".join(f"k{i}=1" for i in range(33)), ""),
    ],
)
def test_tracestate_is_kept_only_where_it_follows_the_rules(state: str, kept: str) -> None:
    assert valid_tracestate(state) == kept


def test_a_broken_tracestate_does_not_break_the_trace() -> None:
    context = parse_traceparent(GOOD, "A=1")
    assert context is not None
    assert context.state == ""


@pytest.mark.parametrize("name", ["traceparent", "Traceparent", "TRACEPARENT"])
def test_headers_are_found_whatever_the_case_of_their_names(name: str) -> None:
    assert header({name: GOOD}, "traceparent") == GOOD
