"""The evaluation: what several evaluators say of one text, and why others say nothing."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from homeostat.core.errors import HomeostatError
from homeostat.evaluate.evaluator import Evaluator, Score, judged
from homeostat.evaluate.evaluators import speaks, why_silent
from homeostat.evaluate.passage import Context, Segment


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """Scores by the name of their evaluator, and why others have none. It holds nothing of the text."""

    segments: int
    scores: Mapping[str, Score]
    silent: Mapping[str, str]


def evaluation(
    evaluators: Iterable[Evaluator],
    segments: Sequence[Segment],
    context: Context,
    silent: Mapping[str, str] | None = None,
) -> Evaluation:
    """Return what evaluators say of a text; `silent` are those that could not even be asked, and why.

    An evaluator that raises a HomeostatError, since a part or an endpoint is missing, says nothing.
    """
    scores: dict[str, Score] = {}
    unsaid = dict(silent or {})
    for evaluator in evaluators:
        try:
            score = judged(evaluator, segments, context) if speaks(evaluator, context) else None
        except HomeostatError as error:
            unsaid[evaluator.name] = str(error)
            continue
        if score is None:
            unsaid[evaluator.name] = why_silent(evaluator, segments, context)
        else:
            scores[evaluator.name] = score
    return Evaluation(segments=len(segments), scores=scores, silent=unsaid)
