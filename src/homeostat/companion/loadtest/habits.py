"""Habits: what people's talks are like; drawn from published data where it is given, else simulated."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from homeostat.core.errors import InputError
from homeostat.prove.load.arrivals import Arrival

OPEN_MAX = 100_000
"""Conversations of a trace that may go on; the longest silent are taken for over."""

SIMULATED_SEED = 7
SUBJECTS = ("my sister", "the neighbour", "our team", "the doctor", "my old friend", "the landlord")
VERBS = ("called about", "forgot", "wants to plan", "told me of", "is worried about", "laughed at")
OBJECTS = (
    "the trip to the lake",
    "a broken window",
    "the exam",
    "next month's concert",
    "dinner",
    "the move",
)
ENDS = ("yesterday", "this morning", "again", "and I do not know what to say", "which was lovely", "last May")


class Turn(msgspec.Struct, frozen=True):
    """One message of a talk. `own` says whether it is the person's."""

    author: str
    own: bool
    text: str


@dataclass(frozen=True, slots=True)
class Habits:
    """What talks are made of.

    `histories` are talks from beginning to end, each a sequence of turns; `turns_per_talk` are the lengths of
    one sitting, `think_s` the times between a person's messages within one, of which only the shape matters:
    the load test scales them to the rate that was asked for. `source` says where each comes from.
    """

    histories: tuple[tuple[Turn, ...], ...]
    turns_per_talk: NDArray[np.int64]
    think_s: NDArray[np.float64]
    source: str


def habits(talks: Path | None = None, trace: Iterable[Arrival] | None = None) -> Habits:
    """Read habits from LoCoMo's conversations and a trace with prefix blocks; what is not given is simulated.

    Raises InputError for a file that holds no conversations, or a trace in which nobody came again.
    """
    histories, lengths = _locomo(talks) if talks is not None else _simulated_histories()
    if trace is not None:
        think_s = np.fromiter(think_times_s(trace), float)
        if not think_s.size:
            raise InputError(
                "no conversation of the trace goes on: it needs prefix blocks, as Mooncake's has"
            )
    else:
        think_s = np.random.default_rng(SIMULATED_SEED).lognormal(0.0, 1.0, 4_096)
    source = f"talks {'simulated' if talks is None else talks.name}"
    return Habits(
        histories,
        lengths,
        think_s,
        f"{source}, think times {'simulated' if trace is None else 'of the trace'}",
    )


def think_times_s(trace: Iterable[Arrival]) -> Iterator[float]:
    """Yield the time between two requests of one conversation, for all that go on.

    A request continues the one whose prompt, but for its last block, is the longest prefix of its own; the
    first block, which may be a system prompt that all share, does not count.
    """
    latest: dict[int, float] = {}
    for arrival in trace:
        blocks = arrival.prefix_blocks
        for block in reversed(blocks[1:]):
            if (before_s := latest.pop(block, None)) is not None:
                yield arrival.time_s - before_s
                break
        if len(blocks) > 2:
            latest[blocks[-2]] = arrival.time_s
            if len(latest) > OPEN_MAX:
                del latest[next(iter(latest))]


def _locomo(path: Path) -> tuple[tuple[tuple[Turn, ...], ...], NDArray[np.int64]]:
    try:
        samples = msgspec.json.decode(path.read_bytes(), type=list[dict[str, Any]])
        histories: list[tuple[Turn, ...]] = []
        lengths: list[int] = []
        for sample in samples:
            talk = sample["conversation"]
            first = talk["speaker_a"]
            numbers = sorted(
                int(k.split("_")[1]) for k in talk if k.startswith("session_") and k.count("_") == 1
            )
            sittings = [[_turn(turn, first) for turn in talk[f"session_{n}"]] for n in numbers]
            histories.append(tuple(turn for sitting in sittings for turn in sitting))
            lengths.extend(len(sitting) for sitting in sittings if sitting)
    except (OSError, msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise InputError(f"{path} holds no conversations in LoCoMo's form: {type(error).__name__}") from None
    if not lengths:
        raise InputError(f"{path} holds no conversations")
    return tuple(histories), np.array(lengths)


def _turn(turn: dict[str, Any], first: str) -> Turn:
    return Turn(str(turn["speaker"]), turn["speaker"] == first, str(turn["text"]))


def _simulated_histories() -> tuple[tuple[tuple[Turn, ...], ...], NDArray[np.int64]]:
    rng = np.random.default_rng(SIMULATED_SEED)
    histories = tuple(tuple(_simulated_turns(rng, 600)) for _ in range(8))
    return histories, rng.integers(8, 40, 256)


def _simulated_turns(rng: np.random.Generator, count: int) -> Iterator[Turn]:
    for number in range(count):
        words = [str(rng.choice(part)) for part in (SUBJECTS, VERBS, OBJECTS, ENDS)]
        own = number % 2 == 0
        yield Turn("simulated person" if own else "simulated friend", own, " ".join(words))
