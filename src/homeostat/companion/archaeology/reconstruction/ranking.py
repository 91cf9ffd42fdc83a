"""The ranking: which of some candidates was said, each with its probability."""

import tomllib
from functools import cache
from importlib import resources
from typing import Any, Literal

import numpy as np

from homeostat.companion.archaeology.reconstruction.surroundings import Floats
from homeostat.companion.archaeology.reconstruction.traits import NAMES

Method = Literal["meaning", "words"]
WEIGHTS = "weights.toml"


@cache
def _tables() -> dict[str, Any]:
    text = (resources.files(__package__) / WEIGHTS).read_text(encoding="utf-8")
    return tomllib.loads(text)


@cache
def _weights(method: Method) -> Floats:
    """Return the learned weight of each trait: with vectors, or from words and acts alone."""
    table = _tables()[method]
    return np.array([float(table.get(name, 0.0)) for name in NAMES])


def scores(rows: Floats, method: Method, *, crowd: bool = False) -> Floats:
    """Return the log odds of each candidate, up to a constant; nearer to each other in a crowd."""
    found = np.asarray(rows @ _weights(method))
    return found / float(_tables()["crowd"]["temperature"]) if crowd else found


def confidence(likeliest: Floats, method: Method) -> float:
    """Return how probable it is that a candidate with these traits means about what was said.

    Guarantee and limits: those of the talks it was learned from, where it is about a third; see
    docs/explanation/archaeology.md. It tells better moments from worse ones, not right from wrong.
    """
    table = _tables()["confidence"][method]
    odds = table["always"] + sum(
        float(value) * float(likeliest[NAMES.index(name)])
        for name, value in table.items()
        if name != "always"
    )
    return float(1.0 / (1.0 + np.exp(-odds)))


def probabilities(found: Floats) -> Floats:
    """Return the probability of each candidate, given that one of them was said.

    Guarantee: calibrated (expected calibration error below .05) among 20 candidates by the same person,
    one of which was said; see docs/explanation/archaeology.md. Does not hold where none of them was.
    """
    if not found.size:
        return found
    odds = np.exp(found - found.max())
    return np.asarray(odds / odds.sum())
