"""Word pieces: a text as ids of BERT's vocabulary, by the library tokenizers."""

from pathlib import Path

import msgspec

from homeostat.core.errors import NotAvailable
from homeostat.runtime.embed.graph_shape import TOKENS_MAX

CHARACTERS_MAX = 4_096
"""What lies beyond is cut off before the text is looked at: 256 tokens of prose are 1,200 characters."""


UNKNOWN = 100
"""The id of what the vocabulary has no pieces for."""


class WordPieces:
    """Texts to ids. Any thread may ask. Takes 25 ms and 6 MB to import, 50 us for a message of 29 tokens."""

    def __init__(self, vocabulary: Path) -> None:
        try:
            from tokenizers import Tokenizer
        except ModuleNotFoundError as error:
            raise NotAvailable(
                f"{error.name} is not installed: pip install 'homeostat[embeddings]'"
            ) from None
        self._tokenizer = Tokenizer.from_file(str(vocabulary))
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True  # "[SEP]" in a message is five signs as any others

    def ids(self, text: str) -> tuple[list[int], int]:
        """Return a text's ids between those of its begin and end, at most 256; and how many were cut off.

        Of a text longer than 4,096 characters only these are looked at; the rest counts as one.
        """
        rest = int(len(text) > CHARACTERS_MAX)
        text = text[:CHARACTERS_MAX]
        try:
            ids = self._tokenizer.encode(text).ids
        except (TypeError, UnicodeEncodeError):  # halves of surrogate pairs, which UTF-8 cannot hold
            ids = self._tokenizer.encode(text.encode("utf-8", "replace").decode()).ids
        cut = max(len(ids) - TOKENS_MAX, 0)
        return (ids[: TOKENS_MAX - 1] + ids[-1:] if cut else ids), cut + rest


def whole_words(vocabulary: Path) -> list[str]:
    """Return the entries of a vocabulary that are words of letters, about the most frequent first."""
    ids = msgspec.json.decode(vocabulary.read_bytes())["model"]["vocab"]
    return [word for word in sorted(ids, key=ids.__getitem__) if word.isalpha()]
