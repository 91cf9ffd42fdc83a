"""The tokens of the simulated model: up to eight letters or digits with the blanks before them, or one sign.

They are near in number to those of a real vocabulary on English text, and no more than near: what a real
provider would count is not simulated.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass

_TOKEN = re.compile(r"\s*(?:\w{1,8}|[^\w\s])")


def tokenize(text: str) -> list[str]:
    """Split a text into tokens; joined again they give the text without its trailing blanks.

    >>> tokenize("Read standardised JSON.")
    ['Read', ' standard', 'ised', ' JSON', '.']
    """
    return _TOKEN.findall(text)


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt as the model server sees it: its length, and one digest for each full block of tokens.

    Each digest covers its block and all before it, so that equal digests mean equal prefixes.
    """

    tokens: int
    blocks: tuple[bytes, ...]
    seed: int


def prompt_of(tokens: Sequence[str], block_tokens: int) -> Prompt:
    """Digest a prompt's tokens, in blocks of `block_tokens`."""
    blocks: list[bytes] = []
    digest = b""
    whole = len(tokens) - len(tokens) % block_tokens
    for start in range(0, whole, block_tokens):
        digest = _digest(digest, tokens[start : start + block_tokens])
        blocks.append(digest)
    seed = int.from_bytes(_digest(digest, tokens[whole:])[:8], "big")
    return Prompt(len(tokens), tuple(blocks), seed)


def _digest(before: bytes, tokens: Sequence[str]) -> bytes:
    text = "\x1f".join(tokens).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(before + text, digest_size=16).digest()
