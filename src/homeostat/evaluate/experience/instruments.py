"""The instruments: what people can be asked, on which scale, and which figure it makes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from homeostat.core.errors import InputError
from homeostat.evaluate.experience import ratings, recommendation
from homeostat.evaluate.experience.figure import Figure
from homeostat.evaluate.experience.ratings import satisfaction
from homeostat.evaluate.experience.recommendation import net_promoters
from homeostat.evaluate.experience.thumbs import thumbs_up
from homeostat.evaluate.experience.usability import usability

Figured = Callable[[Mapping[str, Sequence[float]], int | None], Figure]


@dataclass(frozen=True, slots=True)
class Instrument:
    """A scale from `worst` to `best`, and the figure of its answers. `whole` scales have steps of 1."""

    worst: float
    best: float
    figure: Figured
    whole: bool = True


INSTRUMENTS: Mapping[str, Instrument] = MappingProxyType(
    {
        "rating": Instrument(ratings.WORST, ratings.BEST, satisfaction),
        "thumbs": Instrument(0.0, 1.0, thumbs_up),
        "recommend": Instrument(
            recommendation.WORST,
            recommendation.BEST,
            net_promoters,
        ),
        "usability": Instrument(0.0, 100.0, usability, whole=False),
    }
)
"""By name. What is answered to `usability` is the score of its ten statements."""


def checked(instrument: str, value: float) -> float:
    """Return an answer, or raise InputError saying what would be taken."""
    known = INSTRUMENTS.get(instrument)
    if known is None:
        raise InputError(f"{instrument[:40]!r} is no instrument; use one of {', '.join(INSTRUMENTS)}")
    if not known.worst <= value <= known.best or (known.whole and value != int(value)):
        kind = "a whole number" if known.whole else "a number"
        raise InputError(f"{instrument} takes {kind} from {known.worst:g} to {known.best:g}, not {value:g}")
    return float(value)
