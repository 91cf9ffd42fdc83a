"""The moderations of the simulated model: it knows no harm, but what a test says."""

from collections.abc import Callable, Mapping

from homeostat.testing.simulated_model.tokens import Prompt, tokenize
from homeostat.testing.simulated_model.wire import Json, ModerationRequest

Moderate = Callable[[str], Mapping[str, float]]
"""Says how harmful a text is by category, from 0 to 1."""

FLAGGED_FROM = 0.5


def harmless(text: str) -> Mapping[str, float]:
    """Return that nothing is harmful."""
    return {"harassment": 0.0, "violence": 0.0}


def read_moderation(request: ModerationRequest) -> Prompt:
    """Return the text as a prompt, of which nothing is ever cached."""
    return Prompt(len(tokenize(request.input)), (), 0)


def moderation(request: ModerationRequest, number: int, scores: Mapping[str, float]) -> Json:
    """Return the body of an answer."""
    categories = {category: score >= FLAGGED_FROM for category, score in scores.items()}
    result = {
        "flagged": any(categories.values()),
        "categories": categories,
        "category_scores": dict(scores),
    }
    return {"id": f"modr-simulated-{number}", "model": request.model, "results": [result]}
