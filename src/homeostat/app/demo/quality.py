"""The quality of an answer, as far as it can be told without a person or a language model."""

from collections.abc import Mapping

from homeostat.app.demo.questions import SOURCES

CUT = 0.5
"""What an answer is worth that was cut off by its limit of tokens."""


def quality(question: str, shares: Mapping[str, float], cut: bool) -> float | None:
    """Return the quality of an answer from 0 to 1, None for a question whose source is not known.

    `shares` tell how much of each passage the model was given. The quality is the largest share of one that
    answers the question (recall of the context), and half of that where the answer was cut off. It does not
    look at what the model makes of them: the demo's model is simulated, and makes nothing of them.

    >>> quality("How do I escape HTML?", {"glob.escape": 1.0, "html.escape": 0.8}, cut=False)
    0.8
    >>> quality("How do I escape HTML?", {"html.escape": 1.0}, cut=True)
    0.5
    >>> quality("How do I escape HTML?", {"glob.escape": 1.0}, cut=False)
    0.0
    """
    sources = SOURCES.get(question)
    if sources is None:
        return None
    found = max(shares.get(source, 0.0) for source in sources)
    return found * (CUT if cut else 1.0)
