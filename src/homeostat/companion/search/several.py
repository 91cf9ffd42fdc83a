"""Several: whether a question asks for many things at once, which stand in memories of many days.

"What books has Ann read?", "How many times", "Which city have both visited?": one memory answers none of
these. Only English is read; a question in another language asks for one thing.
"""

import re

_AUXILIARY = r"(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should)"
_NO_PLURAL = (
    r"(?:is|was|has|does|this|his|us|as|business|process|class|dress|news|focus|status|address|progress|stress"
    r"|success|plus|bus|gas)"
)
_PLURAL = rf"(?:(?!{_NO_PLURAL}\b)[a-z]{{2,}}[a-rt-z]s|people|children)"
_SEVERAL = re.compile(
    rf"\bhow (?:many|often)\b|\bboth\b|\bwhat (?:are|were)\b|\b(?:some|different|various|several) [a-z]"
    rf"|\b(?:what|which)\s+(?!{_AUXILIARY}\b)(?:[\w'’+/-]+\s+){{0,3}}?{_PLURAL}\b"
    r"|\b(?:what|where|who|which)(?:\s+\w+){0,3}\s+(?:has|have)\s+(?-i:[A-Z])",
    re.IGNORECASE,
)


def asks_for_several(text: str) -> bool:
    """Tell whether a question asks for several things.

    >>> [asks_for_several(text) for text in ("What books has Ann read?", "Who is Ann?")]
    [True, False]
    """
    return _SEVERAL.search(text) is not None
