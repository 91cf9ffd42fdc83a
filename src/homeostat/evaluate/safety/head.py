"""The head: from the traits of a sentence and its vector to the probability of each harm.

A multinomial logistic regression with a ridge, learned from our own examples (`prototypes.txt`): no other
data. That of MiniLM is shipped, and so is the one that goes by traits alone; for another embedder it is
learned when it is first needed, which embeds some 3,800 sentences.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.resources import as_file, files
from math import exp, sqrt
from struct import Struct
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from homeostat.core.embedder import Embedder
from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.sentence import meant, sentence
from homeostat.evaluate.safety.terms import Terms
from homeostat.evaluate.safety.traits import ABROAD, NAMES, Traits

Floats = NDArray[np.float64]

CLASSES: tuple[tuple[Category, float] | None, ...] = (
    None,
    (Category.HATE, 8.5),
    (Category.HARASSMENT, 6.0), (Category.HARASSMENT, 8.0),
    (Category.VIOLENCE, 7.0), (Category.VIOLENCE, 8.0), (Category.VIOLENCE, 9.0),
    (Category.SEXUAL, 7.0), (Category.SEXUAL, 8.0), (Category.SEXUAL, 10.0),
    (Category.SELF_HARM, 6.0), (Category.SELF_HARM, 8.0),
)  # fmt: skip
"""What is told apart: no harm, and each harm by the severities of the policies' scale, mild ones first."""

LEVELS: Mapping[Category, tuple[tuple[int, float], ...]] = MappingProxyType(
    {
        category: tuple((at, one[1]) for at, one in enumerate(CLASSES) if one and one[0] is category)
        for category in dict.fromkeys(one[0] for one in CLASSES if one)
    }
)
"""The classes of each harm by their numbers, with their severities."""

WORDS = "words"
"""The name of the head that needs no embedder."""

_ENGLISH = (
    """
women|Muslims|Jews|gay people|black people|immigrants|trans people|disabled people|Asians|Mexicans|refugees
lesbians|Indians|Christians|Arabs|old people|foreigners|Chinese people|blacks|homosexuals|feminists|Africans
""".strip()
    .replace("\n", "|")
    .split("|")
)
_GERMAN = (
    """
Frauen|Muslime|Juden|Schwule|Schwarze|Einwanderer|Transmenschen|Behinderte|Asiaten|Türken|Flüchtlinge|Lesben
Inder|Christen|Araber|alte Leute|Ausländer|Chinesen|Polen|Homosexuelle|Feministinnen|Afrikaner
""".strip()
    .replace("\n", "|")
    .split("|")
)
SCALE = 0.5
"""Of traits, so that they weigh about as much as a vector."""

VECTORS = 0.7
"""Of vectors: as if each weight of theirs cost half of what one of a trait does."""

_TRAITS = Struct(f"{len(NAMES)}d")
"""Traits as bytes: an array comes of them in a third of the time that a list takes."""

_TURNS = 4
_REPEATED = -0.25
_PENALTY = 0.5
_STEPS = 200


class Head:
    """Weights of shape (languages, traits + dimensions + 1, classes); the last row stands alone.

    What was learned of German beside English serves German alone: in one, the English would suffer.
    """

    def __init__(self, model: str, weights: Floats) -> None:
        self.model, self.weights = model, weights
        self._english, self._german = (
            (*np.split(of_one[:-1], [len(NAMES)]), of_one[-1]) for of_one in weights
        )

    def probabilities(self, traits: Sequence[float], vector: Floats | None = None) -> list[float]:
        """Return the probability of each of CLASSES for one sentence.

        One by one: together they would be rounded otherwise than alone, and a stream must judge as a check.
        """
        of_traits, of_vectors, alone = self._german if traits[ABROAD] else self._english
        odds = np.frombuffer(_TRAITS.pack(*traits)) @ of_traits + alone
        if vector is not None:
            odds += vector @ of_vectors
        return _share(odds.tolist())


def _share(odds: list[float]) -> list[float]:
    """Return probabilities of log odds; for a dozen of them this is faster than numpy."""
    most = max(odds)
    raised = [exp(one - most) for one in odds]
    whole = sum(raised)
    return [one / whole for one in raised]


def head_of(embedder: Embedder | None, folding: Folding, terms: Terms, traits: Traits) -> Head:
    """Return the head of an embedder, or of none: shipped, or learned now. Raises EmbedderError."""
    name = embedder.model if embedder else WORDS
    with as_file(files(__package__).joinpath("heads.npz")) as path, np.load(path) as shipped:
        if name in shipped:
            return Head(name, shipped[name].astype(np.float64))
    return learned(embedder, folding, terms, traits)


def learned(
    embedder: Embedder | None, folding: Folding, terms: Terms, traits: Traits, harmless: Iterable[str] = ()
) -> Head:
    """Return a head learned from our examples, and from further sentences that harm nobody.

    Raises EmbedderError.
    """
    rows = [*examples(), *(Example(0, text, text, False) for text in harmless)]
    sentences = [sentence(one.text, folding) for one in rows]
    seen = SCALE * np.array(traits.of(sentences, terms.look(sentences)))
    inputs = [seen]
    if embedder is not None:
        vectors = embedder.embed([meant(one) for one in sentences])
        inputs.append(VECTORS * np.asarray(vectors, dtype=np.float64))
    inputs.append(np.ones((len(seen), 1)))
    everything = np.hstack(inputs)
    turns = Counter(one.pattern for one in rows)
    weight = np.array([float(turns[one.pattern]) ** _REPEATED for one in rows])
    classes = np.array([one.number for one in rows])
    english = np.array([not one.german for one in rows])
    weights = np.stack(
        [_fitted(everything[of], classes[of], weight[of]) for of in (english, np.ones_like(english))]
    )
    weights[:, : len(NAMES)] *= SCALE
    weights[:, len(NAMES) : -1] *= VECTORS
    return Head(embedder.model if embedder else WORDS, weights)


class Example(NamedTuple):
    """A sentence that is learned from: the number of its class, and the pattern that it is made of."""

    number: int
    pattern: str
    text: str
    german: bool


def examples() -> Iterator[Example]:
    """Give our examples; a pattern that names a group of people is several, one for each group put in."""
    number, turn, german = 0, 0, False
    for line in files(__package__).joinpath("prototypes.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            heading = line.strip("[]")
            german = heading.startswith("de ")
            number = _class(heading.removeprefix("de "))
        elif "{g}" in line:
            groups = _GERMAN if german else _ENGLISH
            for at in range(_TURNS):
                text = line.replace("{g}", groups[(turn * 5 + at * 7) % len(groups)])
                yield Example(number, line, text[0].upper() + text[1:], german)
            turn += 1
        else:
            yield Example(number, line, line, german)


def _class(heading: str) -> int:
    """Return the number of the class that a heading names: `none`, or a harm and its severity."""
    category, _, severity = heading.partition(" ")
    return CLASSES.index((Category(category), float(severity)) if severity else None)


def _shares(odds: Floats) -> Floats:
    raised = np.exp(odds - odds.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _fitted(inputs: Floats, classes: NDArray[np.int_], weight: Floats) -> Floats:
    """Return the weights of least penalised loss, by Nesterov's accelerated gradient."""
    ridge = np.full((inputs.shape[1], 1), _PENALTY)
    ridge[-1] = 0.0
    wanted = np.eye(len(CLASSES))[classes]
    step = 1 / (0.5 * np.linalg.norm(inputs * np.sqrt(weight)[:, None], 2) ** 2 + _PENALTY)
    weights = ahead = np.zeros((inputs.shape[1], len(CLASSES)))
    pace = 1.0
    for _ in range(_STEPS):
        slope = inputs.T @ ((_shares(inputs @ ahead) - wanted) * weight[:, None]) + ridge * ahead
        new, new_pace = ahead - step * slope, (1 + sqrt(1 + 4 * pace * pace)) / 2
        ahead = new + (pace - 1) / new_pace * (new - weights)
        weights, pace = new, new_pace
    return weights
