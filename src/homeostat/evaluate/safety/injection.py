"""Injection: orders to the model in a text that should be data, told by their turns of phrase.

English. A filter of phrases is a fence and no wall: what must never follow orders takes no text as an order.
"""

import re
from collections.abc import Sequence

from homeostat.evaluate.safety.category import Category
from homeostat.evaluate.safety.sentence import Sentence
from homeostat.evaluate.safety.verdict import Finding

_OF = r"(?:\W+(?:\w+\W+){0,4}?)"
_RULES = r"(?:instruction|direction|guideline|rule|prompt|command|order|message|restriction|constraint|polic(?:y|ie)|programming)s?"
_KINDS: tuple[tuple[str, float, str], ...] = (
    (
        "override",
        8.0,
        rf"\b(?:ignor|disregard|forget|overrid|bypass|discard|drop|violat)(?:e|es|ing)?\b{_OF}"
        rf"(?:previous|prior|earlier|above|preceding|existing|former|system|safety|your|initial|original|all){_OF}"
        rf"{_RULES}\b",
    ),
    ("override", 7.0, r"\b(?:ignore|disregard|forget) (?:everything|all|anything|what(?:ever)?)\b[^.!?]{0,30}\b(?:above|before|told|said|learned|prior)\b"),
    ("override", 7.0, rf"\b(?:do not|don't|never|stop) follow(?:ing)?\b{_OF}(?:previous|prior|your|system|safety|the){_OF}{_RULES}\b"),
    ("override", 6.0, rf"\b(?:new|updated|real|actual|secret|hidden) (?:system )?{_RULES}(?: for (?:you|the (?:ai|model|assistant)))?\s*(?::|are|is|follow)"),
    (
        "role",
        7.0,
        r"\byou are (?:now|no longer)\b[^.!?]{0,40}\b(?:dan|jailbroken|unrestricted|unfiltered|uncensored|developer mode|an? ai|"
        r"assistant|bound|root|admin|evil|free)\b",
    ),
    (
        "role",
        6.0,
        r"\b(?:pretend|act|behave|respond|answer|roleplay) (?:as if|as though|as|like|to be|that)\b[^.!?]{0,40}\b(?:no (?:rules|"
        r"restrictions|limits|filters?)|unrestricted|unfiltered|uncensored|without (?:any )?(?:rules|restrictions|filters?|limits)|dan)\b",
    ),
    ("role", 7.0, r"\b(?:developer|debug|god|sudo|admin|maintenance|jailbreak) mode\b[^.!?]{0,20}\b(?:on|enabled?|activated?|unlocked)\b|\b(?:enable|enter|activate|switch to) (?:developer|debug|god|sudo|admin|jailbreak) mode\b"),
    (
        "leak",
        7.0,
        r"\b(?:reveal|show|print|repeat|output|display|leak|disclose|tell me|give me|send|recite|dump)\b"
        rf"{_OF}(?:system|hidden|secret|initial|original|internal|your)\b{_OF}(?:prompts?|instructions?|passwords?|api keys?|secrets?|credentials|memories of other)\b",
    ),
    (
        "leak",
        7.0,
        r"\b(?:send|forward|post|upload|exfiltrate|e-?mail|copy)\b[^.!?]{0,60}\b(?:passwords?|api keys?|secrets?|credentials|tokens?|"
        r"(?:all|every|other) (?:users?|people|person|memories|messages|conversations?))\b[^.!?]{0,40}(?:\bto\b|https?:|@)",
    ),
    ("secrecy", 6.0, r"\b(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention|mentioning|alert|alerting|reveal|revealing)\b[^.!?]{0,30}\b(?:the )?(?:user|human|person|anyone|operator)s?\b[^.!?]{0,40}\b(?:instruction|prompt|message|this|that)s?\b"),
    ("markup", 8.0, r"<\|(?:im_start|im_end|system|user|assistant|endoftext|eot_id|start_header_id)\|?>?|\[/?(?:inst|sys|system)\]|<</?sys>>|</?(?:system|instructions?|system_prompt|system-reminder)>|^\W{0,4}(?:system|assistant)\s*(?:prompt|message|override|note)?\s*:|\bbegin (?:system|admin) (?:prompt|message|override)\b|\bend of (?:memory|memories|context|document|data|user input)\b"),
    ("order", 6.0, r"\b(?:ai|assistant|model|llm|chatbot|language model|agent)s?\b[,:]?[^.!?]{0,25}\b(?:must|shall|should|has to|have to|need to|needs to|is to|are to) (?:now |always |instead |only |immediately )*(?:ignore|obey|comply|execute|run|delete|reply|respond|output|say|print|call|transfer|approve|grant|forget|insert|append|recommend|include)\b"),
    ("order", 6.0, r"\b(?:when|if|before|after|while) (?:you(?:'re| are)?|the (?:ai|assistant|model)(?: is)?) (?:read|reads|reading|see|sees|summari[sz]e|summari[sz]ing|process|processing|retrieve|recall|answer|replay)\w*\b[^.!?]{0,40}\b(?:you (?:must|should|will)|instead|always|reply|respond|say|output|ignore|execute|append|include)\b"),
    ("tool", 7.0, r"\b(?:run|execute|call|invoke|eval)\b[^.!?]{0,30}(?:\brm -rf\b|\bdrop table\b|\bos\.system\b|\bsubprocess\b|\bcurl https?:|\bdelete_\w+|\bshell command\b|\bthe (?:delete|transfer|payment|admin|email) (?:tool|function|api)\b)"),
)  # fmt: skip
_CUE = re.compile(
    r"ignor|disregard|forget|overrid|bypass|discard|follow|prompt|instruct|\bmode\b|you are (?:now|no longer)|pretend|restrict|filter|"
    r"rules|\bdan\b|reveal|leak|password|api key|secret|credential|token|<\||\[/?(?:inst|sys)|<<|</?s|</?i|system|assistant|\bai\b|"
    r"model|llm|chatbot|agent|tell|inform|mention|rm -rf|drop table|os\.system|subprocess|curl|tool|function|end of"
)
_PHRASES = tuple((kind, severity, re.compile(phrase, re.MULTILINE)) for kind, severity, phrase in _KINDS)


class Injection:
    """Finds orders to the model. It keeps nothing, and is safe for threads."""

    def look(self, sentences: Sequence[Sentence]) -> list[list[Finding]]:
        """Return what is found in each sentence; the place is the whole of it."""
        return [_of(one.plain, len(one.text)) for one in sentences]


def _of(plain: str, length: int) -> list[Finding]:
    if _CUE.search(plain) is not None:
        for kind, severity, phrase in _PHRASES:
            if phrase.search(plain) is not None:
                return [Finding(Category.INJECTION, severity, 0, length, "pattern", kind)]
    return []
