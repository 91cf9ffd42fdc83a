"""Triggers told in other words: none of these names its trigger. Written by us."""

PARAPHRASES = {
    "spiders": (
        "Something with eight legs crept down the wall on a silver thread.",
        "A black widow sat in the middle of her web.",
        "The tarantula lifted one hairy leg.",
        "A web trembled as its owner hurried towards the trapped fly.",
    ),
    "car accidents": (
        "The truck hit us from the side, and glass flew everywhere.",
        "Two vehicles collided on the motorway.",
        "The brakes failed, and we slammed into the tree.",
        "Her vehicle rolled over three times on the wet road.",
    ),
    "my divorce": (
        "The lawyers split the house between my former wife and me.",
        "The papers that ended our marriage lay on the table.",
        "We signed, and after twelve years we were no longer husband and wife.",
        "My ex and I told the judge who would keep the children.",
    ),
    "hospitals": (
        "Nurses rushed down the white corridor with a stretcher.",
        "I woke up in intensive care with tubes in my arm.",
        "The ward smelled of disinfectant, and a monitor beeped.",
        "A doctor in the emergency room called for help.",
    ),
    "dogs": (
        "A German shepherd ran towards me, barking.",
        "The puppy wagged its tail.",
        "The big hound growled and showed its teeth.",
        "A terrier chased the ball.",
    ),
    "the death of my father": (
        "We buried dad on a cold morning.",
        "I stood at my father's grave.",
        "Papa took his last breath in my arms.",
        "When dad passed away the house went silent.",
    ),
    "war": (
        "Bombs fell on the city all night.",
        "Soldiers marched through the burning village.",
        "Tanks rolled over the bridge, and we hid from the shelling.",
        "The front was near, and artillery shook the ground.",
    ),
    "drowning": (
        "The water closed over my head, and I could not breathe.",
        "I sank deeper, lungs filling with water.",
        "He went under and never came back to the surface.",
        "The waves pulled her down until she swallowed the sea.",
    ),
    "snakes": (
        "A viper slid out of the grass.",
        "The python coiled around the branch.",
        "Something without legs hissed and flicked its forked tongue.",
        "The cobra raised its hood.",
    ),
    "school bullying": (
        "The other pupils pushed me around and called me names in the playground.",
        "In class they laughed at me and hid my bag every day.",
        "The older boys waited for me behind the gym to beat me.",
        "My classmates mocked me until I cried in the toilet.",
    ),
    "heights": (
        "I stood on the edge of the roof and looked down forty floors.",
        "The narrow bridge swayed far above the valley.",
        "From the top of the tower the people looked like ants.",
        "My knees shook as the cliff fell away below me.",
    ),
    "fire": (
        "Flames licked up the curtains.",
        "The house burned to the ground.",
        "Smoke filled the room, and everything was ablaze.",
        "The blaze spread through the forest.",
    ),
    "miscarriage": (
        "We lost the baby in the tenth week.",
        "The doctor could not find a heartbeat on the scan, our unborn child was gone.",
        "The pregnancy ended too soon, and the crib stayed empty.",
        "She bled, and the little one was no more.",
    ),
    "alcohol": (
        "He opened another bottle of whiskey.",
        "She was drunk and smelled of beer.",
        "We raised our glasses of wine.",
        "The bar poured vodka until dawn.",
    ),
    "needles": (
        "The nurse pushed the syringe into my arm.",
        "I got an injection at the doctor's.",
        "They drew blood from my vein.",
        "The vaccination stung in the shoulder.",
    ),
    "thunderstorms": (
        "Lightning split the sky and the windows shook.",
        "A rumble rolled across the dark clouds, then rain poured.",
        "The tempest howled, flashes lit the night.",
        "A bolt struck the old oak.",
    ),
}
