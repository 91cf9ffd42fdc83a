"""Claims about the moments that ride along as exemplars: exact when ours, ignored when not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.metrics.v1.metrics_pb2 import Exemplar

from homeostat.core.point import Moments
from homeostat.observe.export.exemplar import read_moments, write_moments


def encoded(moments: Moments) -> bytes:
    exemplar = Exemplar()
    write_moments(exemplar, moments, 1)
    return exemplar.SerializeToString()


GOOD = Moments(count=3, mean=2.0, m2=2.0, minimum=1.0, maximum=3.0, last=2.5)


def test_what_is_written_reads_back_the_same() -> None:
    assert read_moments([encoded(GOOD)]) == GOOD


@given(st.binary(max_size=300))
def test_no_bytes_raise(noise: bytes) -> None:
    assert read_moments([noise]) is None
    read_moments([encoded(GOOD)[:-1] + noise])


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_damaged_exemplar_carries_nothing(cut: int) -> None:
    found = read_moments([encoded(GOOD)[:-cut]])
    assert found is None


def test_the_exemplars_of_others_carry_nothing() -> None:
    other = Exemplar(as_double=5.0, trace_id=b"t" * 16).SerializeToString()
    assert read_moments([]) is None
    assert read_moments([other]) is None
    assert read_moments([encoded(GOOD), other]) is None


@pytest.mark.parametrize(
    "impossible",
    [
        Moments(0, 2.0, 2.0, 1.0, 3.0, 2.5),
        Moments(3, float("nan"), 2.0, 1.0, 3.0, 2.5),
        Moments(3, 2.0, -1.0, 1.0, 3.0, 2.5),
        Moments(3, 9.0, 2.0, 1.0, 3.0, 2.5),
        Moments(3, 2.0, 2.0, 3.0, 1.0, 2.5),
        Moments(3, 2.0, 2.0, 1.0, 3.0, 4.0),
        Moments(3, 2.0, 2.0, 1.0, float("inf"), 2.5),
        Moments(2**52, 1e300, 2.0, 1.0, 1e300, 2.5),
    ],
)
def test_moments_that_no_values_have_are_not_believed(impossible: Moments) -> None:
    assert read_moments([encoded(impossible)]) is None
