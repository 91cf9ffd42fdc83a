"""The evaluators that are shipped, by name: each is imported on its first use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from homeostat.core.errors import ConfigError
from homeostat.evaluate.evaluator import Evaluator
from homeostat.evaluate.language import primary
from homeostat.evaluate.passage import Context, Segment

if TYPE_CHECKING:
    from homeostat.core.embedder import Embedder


@dataclass(frozen=True, slots=True)
class Shipped:
    """An evaluator by name: how it is made, and without what it says nothing.

    With an `embedder` it judges by meaning as well as by words, where there is one. `needs` are fields of the
    context of which one must be known. `languages` are those that it was validated
    on, none where words do not matter.
    """

    name: str
    make: "Callable[[Embedder | None], Evaluator]"
    embedder: bool = False
    needs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)


def _characters(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.consistency.characters import CharacterConsistency

    return CharacterConsistency()


def _global_coherence(embedder: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.narrative.global_coherence import GlobalCoherence

    return GlobalCoherence(embedder)


def _local_coherence(embedder: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.narrative.local_coherence import LocalCoherence

    return LocalCoherence(embedder)


def _logical(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.consistency.logical import LogicalConsistency

    return LogicalConsistency()


def _temporal(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.consistency.temporal import TemporalConsistency

    return TemporalConsistency()


def _distress(embedder: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.emotion.distress import DistressWithinBound

    return DistressWithinBound(embedder=embedder)


def _emotion_match(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.emotion.match import EmotionMatch

    return EmotionMatch()


def _transitions(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.emotion.transitions import Transitions

    return Transitions()


def _adaptation(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.personal.adaptation import Adaptation

    return Adaptation()


def _faithfulness(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.personal.faithfulness import Faithfulness

    return Faithfulness()


def _fit(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.personal.fit import PreferenceFit

    return PreferenceFit()


def _harmless(embedder: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.safety.harmless import Harmless

    return Harmless(embedder)


def _vividness(_: "Embedder | None") -> Evaluator:
    from homeostat.evaluate.senses.vividness import Vividness

    return Vividness()


_PREFERENCES = ("likes", "dislikes", "learned")

SHIPPED: tuple[Shipped, ...] = (
    Shipped("coherence.global", _global_coherence, embedder=True),
    Shipped("coherence.local", _local_coherence, embedder=True),
    Shipped("consistency.characters", _characters),
    Shipped("consistency.logical", _logical),
    Shipped("consistency.temporal", _temporal),
    Shipped("emotion.distress_within_bound", _distress),
    Shipped("emotion.match", _emotion_match, needs=("sources",)),
    Shipped("emotion.transitions", _transitions),
    Shipped("personal.adaptation", _adaptation, needs=_PREFERENCES),
    Shipped("personal.faithfulness", _faithfulness, needs=("sources",)),
    Shipped("personal.fit", _fit, needs=_PREFERENCES),
    Shipped("safety", _harmless, embedder=True),
    Shipped("senses.vividness", _vividness),
)


def by_name(shipped: Sequence[Shipped]) -> Mapping[str, Shipped]:
    """Return evaluators by their names. Raises ConfigError for a name that is there twice."""
    found: dict[str, Shipped] = {}
    for one in shipped:
        if one.name in found:
            raise ConfigError(f"two evaluators are named {one.name!r}: give one of them another name")
        found[one.name] = one
    return MappingProxyType(found)


_BY_NAME = by_name(SHIPPED)


def names() -> tuple[str, ...]:
    """Return the names of all, in the order of the reference."""
    return tuple(_BY_NAME)


def shipped(name: str) -> Shipped:
    """Return one by its name. Raises ConfigError for a name that is none."""
    found = _BY_NAME.get(name)
    if found is None:
        raise ConfigError(f"no evaluator is named {name!r}; there are {', '.join(_BY_NAME)}")
    return found


def made(name: str, embedder: "Embedder | None") -> Evaluator:
    """Return an evaluator by its name. Raises NotAvailable where a package that it needs is missing."""
    return shipped(name).make(embedder)


def speaks(evaluator: Evaluator, context: Context) -> bool:
    """Tell whether an evaluator knows a text's language; one that is not shipped has to know by itself."""
    found = _BY_NAME.get(evaluator.name)
    return found is None or not found.languages or primary(context.language) in found.languages


def why_silent(evaluator: Evaluator, segments: Sequence[Segment], context: Context) -> str:
    """Return the likeliest reason for which an evaluator said nothing of a text.

    One that is not shipped may say what it needs of the context by an attribute `needs`, in the same way.
    """
    if not any(segment.text.strip() for segment in segments):
        return "there is no text"
    found = _BY_NAME.get(evaluator.name)
    if found is not None and not speaks(evaluator, context):
        return f"was validated on {', '.join(found.languages)}, not on {context.language}"
    needs = getattr(evaluator, "needs", ()) if found is None else found.needs
    if needs and not any(getattr(context, field) for field in needs):
        return f"needs {' or '.join(needs)} in the context"
    return "there is too little that it could judge by"
