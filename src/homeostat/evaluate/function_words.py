"""Function words and forms: words that tell how somebody writes, not what about."""

WORDS = """
the a an this that these those some any no every each all both many much more most few other another same
such i me my mine myself you your yours he him his she her it its we us our they them their who whom whose
which what where when why how and or but nor so yet because since although though while if unless until
whether as than then not of to in on at by for with about against between into through during before after
above below from up down out off over under again further once here there now just only even still also
too very really quite rather almost already always never often sometimes maybe perhaps actually basically
probably is am are was were be been being do does did done have has had having will would shall should can
could may might must need let get got go going make want think know see say said like well yes ok okay oh
ah please thanks thank sorry hello hi one two first last own someone something anything nothing everything
everyone anyone thing things way lot bit kind sort
""".split()  # noqa: SIM905 (as a list it is one word a line)
"""The closed classes of English, and those verbs, adverbs and small words that are as common in talk."""

FORMS = """
i'm im i've ive i'll i'd id don't dont doesn't doesnt didn't didnt can't cant cannot won't wont isn't isnt
wasn't wasnt aren't arent haven't havent it's that's thats there's theres what's whats you're youre youve
they're theyre let's lets u ur r y n b c k ya yea yeah yep yup nope nah pls plz thx ty np lol lmao rofl
haha hehe heh hmm hm um uh erm err ugh wow hey heya yo dude man guys mate folks gonna wanna gotta kinda
sorta dunno lemme gimme cause cuz coz tho altho thru nite til till btw imo imho afaik iirc fyi brb omg wtf
idk tbh ppl msg ms gr8 l8r m8 2 4 alot teh recieve seperate definately wierd untill wich tommorow shouldnt
wouldnt couldnt havn't would've should've could've y'all ain't aint whilst colour favour center anyways
anyhow dunno indeed certainly surely definitely obviously apparently seriously literally totally awesome
cool nice great fine sure right wrong weird damn darn heck crap bloody
""".split()  # noqa: SIM905 (as a list it is one word a line)
"""Forms of talk: contractions with and without their mark, short forms, fillers, spellings."""

VOCABULARY = tuple(dict.fromkeys((*WORDS, *FORMS)))
FUNCTION_WORDS = frozenset(WORDS)
