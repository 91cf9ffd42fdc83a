"""The prompt text: words that make a prompt as long as an arrival says, with the prefixes that it shares.

Each word has four letters: exactly one token of the simulated model's, and, being common, about one of a
real vocabulary (which is not bundled, so that nothing here can count in it).
"""

from homeostat.prove.load.arrivals import BLOCK_TOKENS, Arrival

WORDS = (  # noqa: SIM905 - a list takes a line for each word
    "that with have this from they will what when make like time just know take into "
    "year your good some them look only come over also back work even want give most "
    "case week part hand life room home head word book idea kind name body city door "
    "food game girl help hour line list mind news plan road rule side talk team town"
).split()
NAME_WORDS = 6
"""Words at the head of a block that tell it from all others: 64 ** 6 names."""

_STEP = len(WORDS[0]) + 1
_FILLER = " ".join(WORDS[(i * i + i // 64) % 64] for i in range(2 * BLOCK_TOKENS)) + " "


def _name(block: int) -> str:
    words = []
    for _ in range(NAME_WORDS):
        block, digit = divmod(block, len(WORDS))
        words.append(WORDS[digit])
    return " ".join(words) + " "


def block_text(block: int, tokens: int = BLOCK_TOKENS) -> str:
    """Return the text of a block: equal for equal ids, and different from the first words on for others."""
    begin = block % BLOCK_TOKENS * _STEP
    filler = _FILLER[begin : begin + max(tokens - NAME_WORDS, 0) * _STEP]
    return (_name(block) + filler)[: tokens * _STEP]


def prompt_text(arrival: Arrival, number: int) -> str:
    """Return a prompt of `arrival.input_tokens` words.

    It begins with the arrival's prefix blocks; what they leave open is filled with words that no other
    `number` has. At least one word.
    """
    wanted = max(arrival.input_tokens, 1)
    pieces = []
    for block in arrival.prefix_blocks:
        if wanted <= 0:
            break
        pieces.append(block_text(block, min(wanted, BLOCK_TOKENS)))
        wanted -= BLOCK_TOKENS
    own = len(WORDS) ** NAME_WORDS - 1 - number
    while wanted > 0:
        pieces.append(block_text(own, min(wanted, BLOCK_TOKENS)))
        wanted -= BLOCK_TOKENS
    return "".join(pieces).rstrip()
