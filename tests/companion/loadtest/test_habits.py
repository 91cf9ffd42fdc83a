"""Habits are read from what is given, and simulated else."""

from pathlib import Path

import msgspec
import pytest

from homeostat.companion.loadtest.habits import habits, think_times_s
from homeostat.core.errors import InputError
from homeostat.prove.load.arrivals import Arrival


def asked(time_s: float, *blocks: int) -> Arrival:
    return Arrival(time_s, 1, 1, blocks)


def test_a_request_that_extends_a_prompt_continues_its_conversation() -> None:
    trace = [asked(0, 1, 2, 3), asked(5, 1, 7, 8), asked(30, 1, 2, 4, 5), asked(70, 1, 2, 4, 6, 9)]
    assert list(think_times_s(trace)) == [30.0, 40.0]


def test_a_system_prompt_that_all_share_makes_no_conversation() -> None:
    assert list(think_times_s([asked(0, 1, 2, 3), asked(9, 1, 4, 5)])) == []


def test_sittings_of_a_conversation_stand_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    talk: dict[str, object] = {"speaker_a": "Ann", "speaker_b": "Bob", "session_1_date_time": "8 May"}
    talk |= {f"session_{n}": [{"speaker": "Ann", "text": str(n)}] * n for n in (10, 1, 2)}
    file = tmp_path / "talks.json"
    file.write_bytes(msgspec.json.encode([{"conversation": talk}]))
    found = habits(file)
    assert [turn.text for turn in found.histories[0]] == ["1"] + ["2"] * 2 + ["10"] * 10
    assert found.turns_per_talk.tolist() == [1, 2, 10]
    assert all(turn.own for turn in found.histories[0])


def test_what_is_not_given_is_said_to_be_simulated() -> None:
    assert habits().source == "talks simulated, think times simulated"


@pytest.mark.parametrize("content", ["", "{}", '[{"conversation": {}}]', "[]", '[{"conversation": 3}]'])
def test_a_file_without_conversations_is_named(tmp_path: Path, content: str) -> None:
    file = tmp_path / "other.json"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"other\.json holds no conversations"):
        habits(file)


def test_a_trace_in_which_nobody_comes_again_is_refused() -> None:
    with pytest.raises(InputError, match="prefix blocks"):
        habits(trace=[asked(0), asked(1)])
