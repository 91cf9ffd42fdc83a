"""How many calls ran beside one, and which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeostat.runtime.tools.busy import EVENTS_MAX, Busy, Company, Mark


def company(busy: Busy, tool: str, now_ns: int, mark: Mark, within_ns: float = 1e9) -> Company:
    found = busy.end(tool, now_ns, mark, within_ns)
    assert found is not None
    return found


def test_width_is_the_mean_number_at_once_and_company_a_share_of_the_time() -> None:
    busy = Busy()
    search = busy.begin("search", 0)
    read = busy.begin("read", 60)
    first = company(busy, "search", 100, search)
    assert first.width == pytest.approx(1.4)
    assert first.beside == {"search": 0.0, "read": pytest.approx(0.4)}
    again = busy.begin("read", 110)
    second = company(busy, "read", 160, read)
    assert second.width == pytest.approx((40 * 2 + 10 * 1 + 50 * 2) / 100)
    assert second.beside == {"search": pytest.approx(0.4), "read": pytest.approx(0.5)}
    assert company(busy, "read", 160, again).width == pytest.approx(2.0)


def test_a_call_that_takes_long_by_itself_is_not_told_to_have_had_little_company() -> None:
    busy = Busy()
    marks = [busy.begin("search", 0) for _ in range(4)]
    for mark in marks[:3]:
        busy.end("search", 100, mark, 50)
    assert company(busy, "search", 400, marks[3], 50).width == 4.0
    assert busy.end("search", 400, busy.begin("search", 400), 50) is None


def test_what_outlasts_all_that_is_remembered_is_not_told() -> None:
    busy = Busy()
    long = busy.begin("long", 0)
    for n in range(EVENTS_MAX):
        busy.end("short", n + 1, busy.begin("short", n), 1e9)
    assert busy.end("long", EVENTS_MAX, long, 1e9) is None


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(1, 50), st.sampled_from("abc")), max_size=20),
    st.integers(1, 60),
)
def test_it_agrees_with_counting_moment_by_moment(calls: list[tuple[int, int, str]], within: int) -> None:
    busy, marks = Busy(), {}
    moments = sorted(
        [(begin, 1, n) for n, (begin, _, _) in enumerate(calls)]
        + [(begin + took, 0, n) for n, (begin, took, _) in enumerate(calls)]
    )
    for at, begins, n in moments:
        begin, took, tool = calls[n]
        if begins:
            marks[n] = busy.begin(tool, at)
            continue
        found = company(busy, tool, at, marks[n], within)
        looked = range(begin, begin + min(took, within))
        alive = [[m for m, (b, t, _) in enumerate(calls) if b <= now < b + t] for now in looked]
        assert found.width == pytest.approx(sum(map(len, alive)) / len(looked))
        for other in "abc":
            share = sum(any(calls[m][2] == other and m != n for m in now) for now in alive) / len(looked)
            assert found.beside.get(other, 0.0) == pytest.approx(share)
