"""Affect: words and signs of gladness and of trouble, counted; a small lexicon of our own."""

import re
from collections import Counter

_GLAD_WORDS = """
amazing appreciate awesome beautiful best better blessed brilliant celebrate charming cheers comfortable
congrats congratulations cool curious delicious delight delighted delightful eager easy elegant enjoy
enjoyed enjoying enthusiastic excellent excited exciting fabulous fantastic fascinating favorite favourite
fine fond free fun funny generous gentle glad good gorgeous grateful great happy haha healthy hehe helpful
hilarious hope hopeful hug impressed impressive inspired inspiring interesting joy keen kind lol love
loved lovely loving lucky magnificent nice peaceful perfect pleasant pleased pleasure proud relaxed
relaxing relief safe satisfied smile smooth solved splendid success successful superb sweet thank thankful
thanks thrilled thx treat welcome win wonderful worked works worth wow yay yummy
""".split()  # noqa: SIM905 (as a list it is one word a line)
GLAD = frozenset(_GLAD_WORDS)
_TROUBLED_WORDS = """
afraid alone angry annoyed annoying anxious argh ashamed awful bad boring broke broken bug confused
confusing crap crash crashed crashes cried cry crying damn dead death depressed depressing desperate died
difficult disappointed disappointing disaster disgusting embarrassed error errors evil exhausted fail
failed fails fear fed freaking frustrated frustrating ghastly gone grief guilty gutted hard hate hated
hates headache hell hopeless horrible hurt hurts ill impossible injured irritated jealous kill lonely lose
losing loss lost mad mess messed miserable miss missed mistake mourning nasty nervous nightmare
overwhelmed pain painful panic pathetic poor problem problems regret rubbish ruined sad scared scary
screwed shame shock sick sigh sorry stress stressed stressful stuck stupid suck sucks suffer suffering
terrible terrified tired tough trouble ugh ugly unable unfair unfortunately unhappy upset useless weak
weird worried worry worse worst wrong
""".split()  # noqa: SIM905 (as a list it is one word a line)
TROUBLED = frozenset(_TROUBLED_WORDS)
_GLAD_SIGNS = re.compile(
    r"(?<!\w)[:;=8]-?[)DPp3*](?!\w)|<3|[\U0001F600-\U0001F60E\U0001F618-\U0001F61D\u2764]"
)
_SAD_SIGNS = re.compile(r"(?<!\w)[:=]['-]?[(/\\|](?!\w)|[\U0001F61E-\U0001F62D\U0001F494]")


def signs_of(text: str) -> tuple[int, int]:
    """Return how many glad and how many troubled emoticons and emoji a text has."""
    return len(_GLAD_SIGNS.findall(text)), len(_SAD_SIGNS.findall(text))


def counted(words: Counter[str]) -> tuple[int, int]:
    """Return how many glad and troubled words there are, denied or not."""
    return sum(words[word] for word in GLAD), sum(words[word] for word in TROUBLED)
