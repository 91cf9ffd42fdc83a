"""Inflection: the forms of an English word. It gives rather too many than too few; not all of them exist."""

_VOWELS = "aeiou"
_FAMILIES = """
die dies died dying dead death deaths deadly / kill kills killed killing killer killers / man men / woman women
child children childhood kid kids / mouse mice / foot feet / tooth teeth / person people persons / goose geese
war wars warfare wartime / rape rapes raped raping rapist rapists / suicide suicides suicidal
drive drives drove driven driving driver drivers / fall falls fell fallen falling / fight fights fought fighting
shoot shoots shot shooting shootings shooter gun guns gunshot gunshots / bleed bleeds bled bleeding blood bloody
drown drowns drowned drowning / sink sinks sank sunk sinking / fly flies flew flown flying flight flights
leave leaves left leaving / lose loses lost losing loss losses / burn burns burned burnt burning
steal steals stole stolen stealing / drink drinks drank drunk drinking drunken drinker drunkard
eat eats ate eaten eating / break breaks broke broken breaking / bite bites bit bitten biting
sting stings stung stinging / speak speaks spoke spoken speaking / sing sings sang sung singing
swim swims swam swum swimming swimmer / choose chooses chose chosen choosing / grow grows grew grown growing
throw throws threw thrown throwing / write writes wrote written writing / run runs ran running runner
give gives gave given giving / marry marries married marrying marriage marriages / divorce divorces divorced divorcing
abuse abuses abused abusing abuser abusers abusive / violent violence violently / ill illness illnesses
sick sickness / cancer cancers cancerous / pregnant pregnancy pregnancies / miscarry miscarries miscarried miscarriage
miscarriages / abort aborts aborted abortion abortions / operate operation operations surgery surgeries surgeon
fire fires fiery / storm storms stormy / spider spiders spidery spiderweb spiderwebs / snake snakes snaky
wife wives / knife knives / wolf wolves / thief thieves / leaf leaves / life lives / crash crashes crashed crashing
weep weeps wept weeping / bury buries buried burying burial burials / funeral funerals / vomit vomits vomited vomiting
hang hangs hanged hung hanging / fear fears feared fearing afraid / hospital hospitals hospitalised hospitalized
addict addicts addicted addiction addictions addictive / alcohol alcoholic alcoholics alcoholism / arrest arrests arrested
"""


def forms(word: str) -> frozenset[str]:
    """Return the forms of a word in small letters, itself among them.

    >>> sorted(forms("stab"))[:4]
    ['stab', "stab's", 'stabbed', 'stabber']
    """
    found = {word}
    for stem in _stems(word):
        found |= _regular(stem)
        for family in _FAMILY_OF.get(stem, ()):
            found |= family
    return frozenset(found | {form + "'s" for form in found})


def _stems(word: str) -> set[str]:
    """Return what a word may be a form of."""
    stems = {word}
    if len(word) > 4 and word.endswith("ies"):
        stems.add(word[:-3] + "y")
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        stems.add(word[:-1])
        if word.endswith(("ses", "xes", "zes", "ches", "shes", "oes")):
            stems.add(word[:-2])
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and any(letter in "aeiouy" for letter in stem):
            stems |= {stem, stem + "e"}
            if stem[-1] == stem[-2]:
                stems.add(stem[:-1])
            if stem.endswith("i"):
                stems.add(stem[:-1] + "y")
    return stems


def _regular(stem: str) -> set[str]:
    """Return the regular forms of a noun or a verb."""
    if len(stem) > 2 and stem.endswith("y") and stem[-2] not in _VOWELS:
        base = stem[:-1]
        return {stem, base + "ies", base + "ied", stem + "ing", base + "ier", base + "iers"}
    if stem.endswith("e"):
        base = stem[:-1]
        return {stem, stem + "s", stem + "d", base + "ing", stem + "r", stem + "rs"}
    endings = ("ed", "ing", "er", "ers")
    found = {stem, stem + "s", *(stem + ending for ending in endings)}
    if stem.endswith(("s", "x", "z", "ch", "sh", "o")):
        found.add(stem + "es")
    if len(stem) > 2 and stem[-1] not in _VOWELS + "wxy" and stem[-2] in _VOWELS and stem[-3] not in _VOWELS:
        found |= {stem + stem[-1] + ending for ending in endings}
    return found


def _families() -> dict[str, tuple[frozenset[str], ...]]:
    found: dict[str, tuple[frozenset[str], ...]] = {}
    for row in _FAMILIES.replace("\n", " / ").split("/"):
        family = frozenset(row.split())
        for word in family:
            found[word] = (*found.get(word, ()), family)
    return found


_FAMILY_OF = _families()
