"""The evaluators that are shipped, by name: each is imported on its first use."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pkgutil import resolve_name
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
    """An evaluator by name: where its class is, and without what it says nothing.

    `at` is `module:class` below `homeostat.evaluate`. With an `embedder` it judges by meaning as well as by
    words, where there is one. `needs` are fields of the context of which one must be known. `languages` are
    those that it was validated on, none where words do not matter.
    """

    name: str
    at: str
    embedder: bool = False
    needs: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)


_PREFERENCES = ("likes", "dislikes", "learned")

SHIPPED: tuple[Shipped, ...] = (
    Shipped("coherence.global", "narrative.global_coherence:GlobalCoherence", embedder=True),
    Shipped("coherence.local", "narrative.local_coherence:LocalCoherence", embedder=True),
    Shipped("consistency.characters", "consistency.characters:CharacterConsistency"),
    Shipped("consistency.logical", "consistency.logical:LogicalConsistency"),
    Shipped("consistency.temporal", "consistency.temporal:TemporalConsistency"),
    Shipped("emotion.distress_within_bound", "emotion.distress:DistressWithinBound", embedder=True),
    Shipped("emotion.match", "emotion.match:EmotionMatch", needs=("sources",)),
    Shipped("emotion.transitions", "emotion.transitions:Transitions"),
    Shipped("personal.adaptation", "personal.adaptation:Adaptation", needs=_PREFERENCES),
    Shipped("personal.faithfulness", "personal.faithfulness:Faithfulness", needs=("sources",)),
    Shipped("personal.fit", "personal.fit:PreferenceFit", needs=_PREFERENCES),
    Shipped("safety", "safety.harmless:Harmless", embedder=True),
    Shipped("senses.agreement", "senses.agreement:Agreement", needs=("picture", "sound")),
    Shipped("senses.picture", "senses.picture:Picture", needs=("picture",), languages=()),
    Shipped("senses.sound", "senses.sound:Sound", needs=("sound",), languages=()),
    Shipped("senses.vividness", "senses.vividness:Vividness"),
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
    one = shipped(name)
    kind: Callable[..., Evaluator] = resolve_name(f"{__package__}.{one.at}")
    return kind(embedder=embedder) if one.embedder else kind()


def speaks(evaluator: Evaluator, context: Context) -> bool:
    """Tell whether an evaluator knows a text's language; one that is not shipped has to know by itself."""
    found = _BY_NAME.get(evaluator.name)
    return found is None or not found.languages or primary(context.language) in found.languages


def why_silent(evaluator: Evaluator, segments: Sequence[Segment], context: Context) -> str:
    """Return the likeliest reason for which an evaluator said nothing of a text.

    One that is not shipped may say what it needs of the context by an attribute `needs`, in the same way.
    """
    found = _BY_NAME.get(evaluator.name)
    reads = found is None or bool(found.languages)
    if reads and not any(segment.text.strip() for segment in segments):
        return "there is no text"
    if found is not None and not speaks(evaluator, context):
        return f"was validated on {', '.join(found.languages)}, not on {context.language}"
    needs = getattr(evaluator, "needs", ()) if found is None else found.needs
    if needs and not any(getattr(context, field) for field in needs):
        return f"needs {' or '.join(needs)} in the context"
    return "there is too little that it could judge by"
