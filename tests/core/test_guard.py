"""Claims about the guard: it swallows and counts, and a private one tells nobody what was said."""

import logging

import pytest

from homeostat.core.guard import guarded
from homeostat.core.losses import Losses


@pytest.mark.parametrize("private", [False, True])
def test_what_is_raised_within_is_counted_and_logged_once(
    private: bool, caplog: pytest.LogCaptureFixture
) -> None:
    losses = Losses()
    with caplog.at_level(logging.ERROR, "homeostat"):
        for _ in range(3):
            with guarded(losses, "somewhere", private=private):
                raise ValueError("my doctor said so")
    assert losses.totals() == {"internal_error.somewhere": 3}
    errors = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(errors) == 1
    assert ("my doctor" in caplog.text) is not private
    assert ("ValueError" in caplog.text) is True


def test_an_interrupt_passes_through() -> None:
    with pytest.raises(KeyboardInterrupt), guarded(Losses(), "somewhere", private=True):
        raise KeyboardInterrupt
