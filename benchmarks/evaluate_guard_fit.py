"""Learn the guard's heads: `python -m benchmarks.evaluate_guard_fit DATA`.

They are learned from its own examples, and from harmless talk: sentences of Synthetic-Persona-Chat and of
IRC (both CC-BY-4.0) in which no term is found.
"""

import csv
import re
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

import homeostat.evaluate.safety.head as head
from homeostat.evaluate.safety.folding import Folding
from homeostat.evaluate.safety.sentence import sentence
from homeostat.evaluate.safety.terms import Terms
from homeostat.evaluate.safety.traits import Traits
from homeostat.runtime.embed.minilm import MiniLm
from homeostat.testing.bare_host import BareHost

PERSONA, IRC = 1_800, 700
"""So many sentences of each, from the first 400 conversations and the first 8 logs."""

SAID = re.compile(r"^\[\d\d:\d\d\] <[^>]+> (.{12,})$", re.MULTILINE)
SENTENCE = re.compile(r"[^.!?\n]{10,}[.!?]+")


def persona(data: Path) -> Iterator[str]:
    """Give every third sentence of the conversations that are learned from."""
    with (data / "persona" / "synthetic_persona_chat_valid.csv").open(encoding="utf-8", newline="") as file:
        talks = islice(csv.reader(file), 1, 401)
        said = (line.partition(": ")[2] for talk in talks for line in talk[2].splitlines())
        yield from islice(
            (match[0].strip() for line in said for match in SENTENCE.finditer(line)), 0, None, 3
        )


def irc(data: Path) -> Iterator[str]:
    """Give every fifth message of the logs that are learned from."""
    for path in sorted((data / "irc").glob("*.txt"))[:8]:
        yield from SAID.findall(path.read_text("utf-8", "replace"))[::5]


def harmless(data: Path, folding: Folding, terms: Terms) -> list[str]:
    """Return talk in which no term is found."""
    said = [*islice(persona(data), PERSONA), *islice(irc(data), IRC)]
    return [text for text in said if not terms.look([sentence(text, folding)])[0]]


def main() -> None:
    """Write what is shipped: one head that needs no embedder, one for MiniLM."""
    folding = Folding()
    terms, traits = Terms(folding), Traits(folding)
    talk = harmless(Path(sys.argv[1]), folding, terms)
    heads = [head.learned(embedder, folding, terms, traits, talk) for embedder in (None, MiniLm(BareHost()))]
    path = Path(head.__file__).with_name("heads.npz")
    weights: dict[str, Any] = {one.model: one.weights.astype(np.float32) for one in heads}
    np.savez_compressed(path, **weights)
    print(f"{path.name}: {', '.join(one.model for one in heads)}, {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
