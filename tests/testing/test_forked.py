import os

import pytest

from homeostat.testing import forked as module
from homeostat.testing.eventually import until
from homeostat.testing.forked import forked


def test_what_raises_in_the_child_is_told_by_its_status_and_goes_no_further(
    capfd: pytest.CaptureFixture[str],
) -> None:
    here = os.getpid()

    def fails() -> None:
        assert os.getpid() == here, "another process"

    assert forked(os.getpid) == 0
    assert forked(fails) == 1
    assert "another process" in capfd.readouterr().err
    assert os.getpid() == here


def test_a_child_that_does_not_end_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "until", lambda holds: until(holds, 0.1))
    reading, writing = os.pipe()
    with pytest.raises(TimeoutError):
        forked(lambda: os.read(reading, 1))
    os.close(reading)
    os.close(writing)
