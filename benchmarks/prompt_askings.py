"""What is asked of a prompt library: made sequences, and those of recorded traces.

Each asks for one module alone:
- Zipf: 20,000 askings, the modules in a random order of popularity, exponents 0.9 and 1.1.
- Azure: the 8,819 requests of the code trace in their order; each asks for the module whose tokens come
  nearest to its ContextTokens.
- Mooncake: the 12,031 requests of the conversation trace in their order; each asks for the module of its
  conversation (its second block, since the first is the same in all), which is the number of conversations
  before it, modulo 189. Nearly uniform: the hardest for any policy.

And of commands: by Zipf 0.9, and by the Azure trace, the one whose tokens are the next above ContextTokens.
"""

import bisect
import csv
import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from random import Random

from homeostat.prompts.library.library import Library

BYTES_A_TOKEN = 5.13
ZIPF_ASKINGS = 20_000


def module_sequences(library: Library, traces: Path) -> dict[str, list[str]]:
    """Return the sequences of modules that there are inputs for, by name."""
    paths = sorted(library.modules)
    found = {f"Zipf {exponent}": _zipf(paths, exponent) for exponent in (0.9, 1.1)}
    mooncake = traces / "mooncake_conversation.jsonl"
    if wanted := _context_tokens(traces):
        found["the Azure trace"] = _azure(library, paths, wanted)
    if mooncake.is_file():
        found["the Mooncake trace"] = _mooncake(paths, mooncake)
    return found


def command_sequences(letters: Mapping[str, int], traces: Path) -> dict[str, list[str]]:
    """Return sequences of commands, given how long each is."""
    found = {"Zipf 0.9": _zipf(sorted(letters), 0.9)}
    names = sorted(letters, key=letters.__getitem__)
    steps = [letters[n] / BYTES_A_TOKEN for n in names]
    if wanted := _context_tokens(traces):
        above = (min(bisect.bisect(steps, count), len(names) - 1) for count in wanted)
        found["the Azure trace"] = [names[at] for at in above]
    return found


def session(needs: Sequence[Sequence[str]], rng: Random) -> Iterator[str]:
    """Return what one session asks for: commands by Zipf 0.9, each with most of what it may need."""
    weights = [1 / (i + 1) ** 0.9 for i in range(len(needs))]
    while True:
        first, *others = rng.choices(needs, weights)[0]
        yield first
        for other in others:
            if rng.random() < 0.7:
                yield other


def _context_tokens(traces: Path) -> list[int]:
    azure = traces / "azure_llm_code_2023.csv"
    if not azure.is_file():
        return []
    with azure.open(encoding="utf-8") as file:
        return [int(row["ContextTokens"]) for row in csv.DictReader(file)]


def _zipf(paths: Sequence[str], exponent: float) -> list[str]:
    rng = Random(round(10 * exponent))
    order = rng.sample(paths, len(paths))
    return rng.choices(order, [1 / (i + 1) ** exponent for i in range(len(order))], k=ZIPF_ASKINGS)


def _azure(library: Library, paths: Sequence[str], wanted: Sequence[int]) -> list[str]:
    by_size = sorted(paths, key=lambda p: library.modules[p].size_bytes)
    tokens = [library.modules[p].size_bytes / BYTES_A_TOKEN for p in by_size]
    nearest = []
    for count in wanted:
        at = bisect.bisect(tokens, count)
        near = [i for i in (at - 1, at) if 0 <= i < len(tokens)]
        nearest.append(by_size[min(near, key=lambda i: abs(tokens[i] - count))])
    return nearest


def _mooncake(paths: Sequence[str], trace: Path) -> list[str]:
    conversations: dict[int, int] = {}
    with trace.open(encoding="utf-8") as file:
        blocks = (json.loads(line)["hash_ids"] for line in file)
        firsts = [ids[1] if len(ids) > 1 else ids[0] for ids in blocks]
    return [paths[conversations.setdefault(f, len(conversations)) % len(paths)] for f in firsts]
