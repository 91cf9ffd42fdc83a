"""Kinds: what a question asks for by its kind (books, pets, places), and words by which such things are told.

Who asks for a person's pets shares no word with "our cat had to see the vet". In a dream each memory is noted
under the kinds of which it is the first in its talk to name something, so that a question finds it. Words
are stems of English (`stem`); in other languages nothing is noted, and nothing is found by kind.
"""

import re
from collections.abc import Iterable, Iterator

_WORD = re.compile(r"[^\W_]+")

_LEXICON = """
pets: pet animal dog cat :
    pet dog cat puppy pup kitten kitty hamster turtle tortoise parrot rabbit bunny goldfish aquarium
    horse pony lizard snake gecko ferret canary budgie vet leash collar
instruments: instrument :
    guitar piano violin viola cello clarinet flute drum trumpet saxophone sax ukulele keyboard banjo
    harmonica harp bass trombone oboe accordion fiddle
music: music song band musician singer artist album concert tune genre :
    music song band singer album concert tune melody lyric gig guitar piano violin clarinet drum jazz
    rock pop classical rap hiphop playlist orchestra choir sing sang
books: book novel author read reading series literature genre :
    book novel author chapter reader read reading bookshelf library trilogy series fantasy poem poetry
    memoir biography bookcase paperback
films: movie film show tv television series actor trilogy :
    movie film cinema theater trilogy episode actor actress director screenplay script tv show series
    drama comedy thriller screening marvel documentary trailer
games: game gaming console boardgame tournament :
    game gamer gaming console playstation xbox nintendo chess boardgame card puzzle tournament rpg
    strategy multiplayer dungeon quest shooter esport
sports: sport exercise workout fitness training team athletic martial :
    sport soccer football basketball baseball tennis volleyball hockey golf swim swam surf ski
    snowboard skate climb cycle bike run ran marathon yoga pilate gym workout exercise karate
    taekwondo judo boxing kickboxing hike dance coach fitness weight jog squat stretch
arts: art paint draw craft pottery create artistic medium style creative :
    art paint painting canvas draw drew drawing sketch sculpture sculpt pottery clay ceramic photo
    photography portrait mural watercolor acrylic knit crochet sew craft origami exhibit gallery
    studio collage
nature: outdoor nature camp hike trip :
    camp camping tent campfire hike hiking trail mountain forest lake river waterfall beach ocean
    sunset sunrise park garden bird wildlife canyon national wood meadow kayak fish fishing picnic
places: where place country city state travel trip visit location vacation destination abroad area spot
region go :
    trip travel travelled visit vacation flew flight abroad tour country city town road roadtrip beach
    mountain europe asia africa paris london rome italy france spain germany england japan tokyo
    canada toronto mexico brazil india thailand bali greece ireland sweden norway florida california
    texas boston chicago seattle miami york vegas hawaii barcelona dublin turkey australia
food: food dish meal recipe eat cook bake snack dessert cuisine restaurant treat diet drink flavor
ingredient :
    food dish meal recipe cook cooked bake baked cake cookie pie pizza pasta salad soup curry sushi
    taco chicken fish steak vegetable veggie fruit cheese bread chocolate ice cream dessert snack
    restaurant dinner lunch breakfast grill roast lasagna smoothie coffee tea wine beer soda candy
    tofu rice noodle salmon coconut dairy vanilla strawberry
family: family child children kid son daughter sibling brother sister parent mother father mom dad
relative wife husband grandmother grandma grandfather cousin aunt uncle nephew niece :
    family child children kid son daughter sibling brother sister parent mother father mom mum dad
    wife husband grandma grandmother grandpa grandfather cousin aunt uncle nephew niece baby toddler
    twin
love: relationship marriage married single status partner dating :
    married marriage wedding wife husband fiance engaged girlfriend boyfriend partner dating single
    divorce breakup anniversary bride date
friends: friend friendship support people who :
    friend friendship buddy pal teammate colleague mentor neighbor roommate coworker
work: job work career profession business company employer occupation position working field :
    job work career business company boss office colleague promotion hired fired laid banker teacher
    engineer nurse manager intern internship startup client freelance shift interview store studio
    launch shop employee boardroom resume
study: study school class course degree education subject major skill learn workshop lesson college :
    study school class course degree college university exam teacher professor student lesson workshop
    seminar graduate scholarship homework semester training learn learned learnt certificate
health: health injury illness sick medical condition symptom allergy hurt diet doctor weight suffer :
    health injury injured hurt sick ill hospital doctor surgery pain ankle knee allergy allergic
    asthma diet pill medicine medication checkup diabetes stomach gastritis broke sprain therapy
    recover emergency heart
calm: stress destress relax calm cope unwind therapy escape self care :
    stress destress relax relaxing calm calming unwind therapy therapeutic meditate meditation yoga
    peace peaceful headspace breathe soothing escape recharge refresh
events: event festival celebration gathering attend participate conference party competition show ceremony
:
    event festival parade conference workshop fair competition contest tournament concert exhibit
    exhibition show ceremony wedding party gathering meetup rally march retreat reunion fundraiser
    gala recital audition race convention group
causes: cause charity volunteer community help donate activism organization shelter contribute :
    charity volunteer volunteering community shelter donate donation fundraiser homeless activist
    activism campaign nonprofit organization awareness mentor veteran outreach cleanup food drive help
prizes: award prize win won trophy achievement accomplish accomplishment success recognition place :
    award prize win won winner trophy medal first second third champion championship achievement
    finalist record victory contract scholarship
purchases: buy bought item purchase own gift receive collect present :
    bought buy purchase ordered gift present receive received new got collection collect sale shop
    shopping
vehicles: car vehicle drive motorcycle bike prius truck :
    car vehicle truck motorcycle engine garage mechanic restore drive drove van suv prius ferrari
    mustang ford chevy road tire
setbacks: challenge setback problem obstacle difficulty struggle hardship accident loss face negative :
    challenge setback problem obstacle difficult struggle tough hard lost loss accident crash broke
    fail failed failure stolen damage flood fire rejected rough hurdle mistake died passed
    unfortunately
plans: plan goal dream hope want future aspiration intend :
    plan planning goal dream hope want future someday aim wish going gonna aspire ambition idea
hobbies: activity hobby hobbies interest pastime passion leisure enjoy fun partake outdoor do :
    hobby passion enjoy love fun fan paint pottery camp hike swim run read play dance cook bake garden
    knit photography surf climb write guitar piano game yoga travel museum picnic bowling skate
    fishing cycling concert sing movie board
writing: write writing blog article story screenplay poem journal book :
    write wrote written writing blog article story stories screenplay script poem journal draft
    publish published publisher magazine editor letter
memory: symbol meaning remind memento tattoo important necklace sentimental :
    symbol symbolize remind reminder memory memories necklace tattoo ring pendant keepsake sentimental
    represent meaning heirloom
technology: app technology software device gadget computer program code invent :
    app software code coding computer laptop phone tablet website program algorithm device gadget tech
    technology online camera
home: home house apartment live furniture room decor :
    home house apartment rent mortgage landlord neighborhood furniture couch kitchen bedroom backyard
    roommate moved move mansion decor renovate
"""
"""A kind in each paragraph: its name, the words that ask for it, and below them the words that are of it."""

_KIND = re.compile(r"^(\w+): ([^:]+):\n((?: +.+\n)+)", re.MULTILINE)
_KINDS = tuple((asking.split(), telling.split()) for _, asking, telling in _KIND.findall(_LEXICON))

KINDS = len(_KINDS)


def stem(word: str) -> str:
    """Return a word in lower case without the commonest endings of English.

    >>> [stem(word) for word in ("Hobbies", "dogs", "painting", "painted", "class", "running")]
    ['hobby', 'dog', 'paint', 'paint', 'class', 'run']
    """
    word = word.casefold()
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        word = word[:-1]
    for ending in ("ing", "ed"):
        if len(word) > len(ending) + 2 and word.endswith(ending):
            word = word[: -len(ending)]
            doubled = len(word) > 2 and word[-1] == word[-2] and word[-1] not in "lsz"
            return word[:-1] if doubled else word
    return word


def _bits(column: int) -> dict[str, int]:
    found: dict[str, int] = {}
    for number, kind in enumerate(_KINDS):
        for word in kind[column]:
            found[stem(word)] = found.get(stem(word), 0) | 1 << number
    return found


_ASKED, _TOLD = _bits(0), _bits(1)


def told(stems: Iterable[str]) -> int:
    """Return the kinds of which stems name something, one bit each."""
    kinds = 0
    for word in stems:
        kinds |= _TOLD.get(word, 0)
    return kinds


def asked(text: str) -> int:
    """Return the kinds that a question asks for, one bit each."""
    kinds = 0
    for word in _stems(text):
        kinds |= _ASKED.get(word, 0)
    return kinds


def _stems(text: str) -> Iterator[str]:
    return map(stem, _WORD.findall(text))
