"""The prefix cache: which blocks of prompts the simulated model has prefilled and still remembers.

It follows what providers publish of theirs: exact prefixes only, in whole blocks of 128 tokens, from
1,024 tokens on.
"""

from collections import OrderedDict

from homeostat.testing.simulated_model.tokens import Prompt


class PrefixCache:
    """Blocks of prompts, the least recently used forgotten first."""

    def __init__(self, block_tokens: int, blocks_max: int, tokens_min: int) -> None:
        self._block_tokens = block_tokens
        self._blocks_max = blocks_max
        self._tokens_min = tokens_min
        self._blocks: OrderedDict[bytes, None] = OrderedDict()

    def __len__(self) -> int:
        return len(self._blocks)

    def cached_tokens(self, prompt: Prompt) -> int:
        """Return how many tokens at the start of a prompt are remembered."""
        hits = 0
        for block in prompt.blocks:
            if block not in self._blocks:
                break
            hits += 1
        cached = hits * self._block_tokens
        return cached if cached >= self._tokens_min else 0

    def remember(self, prompt: Prompt) -> None:
        """Keep all blocks of a prompt; of one prompt the last blocks are forgotten first."""
        for block in reversed(prompt.blocks[: self._blocks_max]):
            self._blocks[block] = None
            self._blocks.move_to_end(block)
        while len(self._blocks) > self._blocks_max:
            self._blocks.popitem(last=False)
