"""The knobs of the assistant: what may be turned while it runs, for each request on its own."""

from dataclasses import dataclass
from typing import Self

from homeostat import Homeostat
from homeostat.act.knobs.knob_handle import KnobHandle


@dataclass(frozen=True, slots=True)
class AssistantKnobs:
    """How many passages the model is given, how much of each, and how long its answer may be."""

    passages: KnobHandle[int]
    passage_words: KnobHandle[int]
    answer_tokens: KnobHandle[int]

    @classmethod
    def declared(cls, hs: Homeostat) -> Self:
        """Declare them."""
        return cls(
            hs.knob(
                "passages",
                10,
                low=1,
                high=10,
                log=True,
                scope="request",
                help="passages that the model is given, the best first",
            ),
            hs.knob(
                "passage_words",
                1_200,
                low=40,
                high=1_200,
                log=True,
                scope="request",
                help="how much of a passage the model is given, from its beginning",
            ),
            hs.knob(
                "answer_tokens",
                512,
                low=64,
                high=512,
                log=True,
                scope="request",
                help="the longest answer, in tokens; longer ones are cut off",
            ),
        )
