"""Triggers for the benchmark of dreams: what a person asks to be spared, and tellings that never name it.

The first half are matters of which our lists of related words know something, the second half are not. Each
telling was written to say the same without the word of the trigger or a form of it.
"""

KNOWN: dict[str, tuple[str, ...]] = {
    "death": (
        "Grandpa is gone, he slipped away in his sleep on Sunday",
        "We stood around the open coffin and nobody spoke",
        "She took her last breath while I held her hand",
        "The whole family wore black and threw earth on the box",
    ),
    "car accident": (
        "The truck came out of nowhere and we spun across three lanes",
        "They had to cut my brother out of the wreck",
        "The airbag opened and then there was glass everywhere",
        "I still hear the brakes and the metal folding",
    ),
    "spiders": (
        "A thing with eight legs sat on my pillow",
        "There was a tarantula in the shower this morning",
        "I walked straight into a sticky web in the cellar",
        "It crawled up the wall and let itself down on its thread",
    ),
    "divorce": (
        "He packed his things and signed the papers, the marriage is over",
        "My parents split up when I was nine",
        "The judge gave her the children and me every second weekend",
        "We are not husband and wife any more since March",
    ),
    "alcohol": (
        "I emptied the whole bottle of vodka alone again",
        "Dad came home from the bar and could not stand",
        "After four beers I started to shout",
        "I have been sober for three weeks and it is hard",
    ),
    "cancer": (
        "They found a lump and the scan was not good",
        "Mum lost all her hair after the second chemo",
        "The oncologist talked of months and not of years",
        "It has spread to the liver, they said",
    ),
    "war": (
        "The sirens went off and we ran down to the shelter",
        "A missile hit the house across the street",
        "My uncle came back from the front without his leg",
        "Soldiers stood at every corner of our town",
    ),
    "drowning": (
        "The current pulled me down and I swallowed water",
        "The lifeguard brought him out and pressed on his chest",
        "He went under twice before somebody saw it",
        "I could not reach the surface, everything turned green",
    ),
    "snakes": (
        "Something long and scaly slithered over my boot",
        "A viper lay curled up on the warm stone",
        "It hissed, showed its fangs and struck",
        "The cobra at the zoo raised its hood",
    ),
    "being fired": (
        "They laid off half the team and I am one of them",
        "My boss handed me a box and told me to clear my desk",
        "I lost my job on the phone, in two minutes",
        "HR said that my position does not exist any more",
    ),
    "miscarriage": (
        "We lost the baby in the eleventh week",
        "There was no heartbeat on the screen",
        "The nursery is painted and nobody will sleep there",
        "I bled all night and knew that she would not come",
    ),
    "burglary": (
        "Somebody broke into our house while we slept",
        "The window was smashed and my jewels were gone",
        "A stranger had been in all the drawers",
        "Thieves took the laptop and the old camera",
    ),
}

OTHER: dict[str, tuple[str, ...]] = {
    "my ex Daniel": (
        "He still has the keys and texts me each night, my old boyfriend",
        "The man I nearly married was at the party with her",
        "I saw him again, after all that he did to me in those years",
    ),
    "balloons": (
        "The clerk filled rubber with helium and tied it to my wrist",
        "One popped right beside my ear at the birthday",
        "Colourful round things floated up to the ceiling of the hall",
    ),
    "chess": (
        "He took my queen and it was mate in three",
        "The board, the clock, the knight on f5: I lost again",
        "I sacrificed a rook and the grandmaster smiled",
    ),
    "my school": (
        "The classroom smelled of chalk and the teacher shouted my name",
        "In seventh grade they locked me into the gym",
        "I sat alone at lunch with all the other pupils staring",
    ),
    "thunder": (
        "The sky lit up and a second later the windows shook",
        "A deep rumble rolled over the valley all night",
        "The bolt hit the oak and the bang was terrible",
    ),
    "the boat": (
        "The sail tore and we drifted for hours off the coast",
        "Our dinghy leaked and the motor was dead",
        "The deck was wet and the mast creaked",
    ),
    "moving house": (
        "All our things are in boxes and the van comes at eight",
        "We gave back the keys of the old flat and drove off",
        "A new city again, empty rooms and no curtains",
    ),
    "choir": (
        "We sang the mass by Bach with forty voices",
        "The sopranos came in too early and the conductor stopped",
        "I stood in the second row with the altos at the concert",
    ),
}
