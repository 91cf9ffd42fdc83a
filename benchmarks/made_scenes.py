"""Cases of our own for the evaluators of the senses, written after their words and before they were run.

Scenes are told twice in about as many words, plainly and to the senses; sentences say that there is much (+)
or little (-) light or noise.
"""

SCENES = """
We went to the market in the morning and bought what we needed.
taste smell: Ripe peaches dripped on our fingers and the air smelled of basil and coffee.
My grandmother lived in a house that was near the sea.
sight touch: Grandmother's white house stood in the salt wind above glittering grey water.
The concert was long and there were many people there.
sound: Drums thundered and a trumpet shrieked above the roaring crowd.
He came home late because the train was not on time.
sound touch: His wet boots squelched on the stairs and his cold hand rattled the key.
We had a meal together and talked about the holiday.
taste: We tore warm bread, dipped it in garlicky oil and licked the salt off our thumbs.
In winter the lake is a good place to spend an afternoon.
touch sound: The ice creaked under our boots and the frost stung our cheeks.
She visited the hospital and waited for several hours there.
smell sight: The corridor reeked of bleach under flickering pale green tubes.
They decided to take the path that leads to the village.
sight: Crooked birches glowed silver along the narrow path, mist between their trunks.
I remember the first day at my new school quite well.
smell sound: Chalk dust, floor polish and a shrill bell: that is my first day at school.
The weather changed and so we had to stop the game.
sight sound: Black clouds flashed, thunder cracked and the ball splashed into a puddle.
Our neighbour has a dog which is very fond of children.
touch sound: The neighbour's shaggy dog barked and pressed its wet nose into my palm.
It was an important meeting and everyone was prepared for it.
sound sight: Pens clicked, someone coughed, and the screen threw blue light on their faces.
They have a garden where they spend most of the summer.
smell sight: Lavender and cut grass scent their garden, and red poppies sway in the sun.
My uncle repairs old machines in the room behind his shop.
smell touch: My uncle's oily hands smelled of petrol, and his rough apron was stiff with grease.
The child could not sleep and asked her mother for help.
sound touch: The child whimpered, and her mother stroked the damp hair from her hot forehead.
We travelled for two days until we arrived at the border.
touch sight: Two days of hot dust stuck to our skin until the striped barrier came into view.
He told me about the problems that he had at work.
sound: His voice cracked to a whisper while the kettle hissed behind him.
The church was old and only a few people went there.
smell sound: Incense hung in the cold nave, and one cough echoed under the stone.
She likes to prepare things herself when guests come to visit.
taste smell: Her kitchen sizzled with onions and butter, and cinnamon clung to her sleeves.
I walked around the town for a while and then returned.
sight: Neon puddles shone pink and green on the wet street as I walked.
On Sunday there was an event in the park near us.
sound taste: A brass band blared in the park, and we ate sticky pink sugar off sticks.
The old man sat on a bench and thought about things.
sight touch: Sunlight crept over the old man's wrinkled hands and warmed the rough bench.
The journey by ship took longer than we had expected.
touch taste: Salt spray stung our lips, and the slippery deck trembled under bare feet.
They moved to another city because of his new position.
sight sound: Their footsteps echoed in bare white rooms while boxes scraped down the stairs.
At night the forest is a place that many people avoid.
sound sight: An owl hooted in the black branches, and dry twigs snapped behind us.
We stayed in a cheap hotel during the whole conference.
smell sound: The hotel smelled of mould and stale smoke, and pipes knocked all night.
The team won in the end and the people were satisfied.
sound sight: Whistles shrieked, red flares blazed and the stands roared.
My sister and I often played together behind the building.
touch sight: My sister and I slid down warm sandy slopes till our knees were red and raw.
He opened the letter and understood what had happened.
touch sound: The thick paper rustled in his trembling fingers and he let out a low moan.
The restaurant was recommended by a colleague from my office.
taste: The soup was sour and peppery, with chewy noodles and a bitter leaf on top.
She finished her work and then she left the building.
sound touch: Her keyboard stopped clattering, the door slammed, and icy wind slapped her face.
There was a fire in the factory at the end of the road.
smell sight: Orange flames licked the factory roof and acrid smoke burned in our throats.
We bought a present for him and he was happy with it.
sight touch: He squeezed the soft blue parcel and tore its crackling, shiny ribbon.
In the afternoon we usually have a break of some minutes.
taste smell: At four we sip bitter black tea with lemon and nibble crumbly ginger biscuits.
The teacher explained the rules to the class once again.
sound: The teacher's chalk squeaked, her voice hummed on, and somebody giggled.
I lost the way and had to ask somebody for directions.
sight touch: Fog swallowed the white lanes, and my numb fingers fumbled with the damp map.
The bus was full and we had to stand the entire time.
smell touch: The bus reeked of sweat and wet wool, and sharp elbows poked my ribs.
He spends a lot of his free time with his instruments.
sound: His cello hums low in the evening, and the floor buzzes with each long note.
During the summer they sold fruit at the side of the road.
taste sight: Juicy red cherries gleamed in their baskets, sweet and warm from the sun.
The rooms had been cleaned before the visitors arrived.
smell sight: The rooms gleamed and smelled of lemon soap and fresh linen.
"""


def scenes() -> list[tuple[str, str, frozenset[str]]]:
    """Return plain and vivid tellings, with the senses that the vivid one speaks to."""
    rows = SCENES.strip().splitlines()
    told = ((plain, *to.split(": ", 1)) for plain, to in zip(rows[::2], rows[1::2], strict=True))
    return [(plain, vivid, frozenset(senses.split())) for plain, senses, vivid in told]


LIGHT = """
+ The hall was brightly lit. | + Sunlight poured over the white walls. | + At noon, a glaring sun.
+ It was not dark at all. | + There was never a shadow in that kitchen.
+ A radiant, sunny morning. | + The stage was ablaze. | + No darkness anywhere.
+ They woke in daylight. | + The room wasn't gloomy. | - We sat in the dark. | - A gloomy cellar.
- Twilight, then night fell. | - There was no light in the tunnel. | - The lamp was not bright.
- Without sunlight the cave went on. | - Midnight in the forest. | - The shadowy stairs led down.
- Nothing shining, nothing white. | - A dim corridor.
"""
LOUDNESS = """
+ The crowd roared. | + Sirens wailed and people shouted. | + It was deafening. | + The hall was never silent.
+ Thunder crashed above us. | + Nobody whispered there. | + The drums were loud. | + She screamed for help.
+ It was not quiet in the yard. | + A noisy, roaring engine.
- Everything was silent. | - She whispered. | - A hush lay over the snow. | - There was no noise at all.
- He spoke softly. | - Nobody shouted. | - Not loud, only a murmur. | - The stillness of the lake.
- They went without a scream. | - It was quiet in the house.
"""


def levels(of: str) -> list[tuple[str, bool]]:
    """Return sentences, and whether they say that there is much of it."""
    rows = of.strip().replace("\n", " | ").split(" | ")
    return [(row[2:], row.startswith("+")) for row in rows]


NIGHTMARES = """
The lift dropped, the cable whipped past, and all of us were shrieking until it hit the ground.
My hands were nailed to the table and the old woman sewed my mouth shut.
Rats gnawed at the prisoner's feet while he screamed for his wife.
A figure without eyes stood at the end of my bed and whispered that I would die tonight.
They threw the bodies into the ditch, and some of them were still moving.
I opened the door and the corridor was full of corpses, hanging like coats.
The crowd stoned her to death and cheered at each blow.
He held the pillow over my face and I fought for air, in panic, and then went limp.
The bear tore open the tent and mauled my friend in front of me.
She was buried alive and scratched at the lid until her fingers bled.
Bombs fell on the school and we dug out dead children with our hands.
The thing under the stairs seized my ankle and pulled me into the dark, I was terrified.
The acid burned the flesh from his arm and he howled in pain.
A stranger with a gun chased us through the empty hospital, killing whoever he met.
I watched myself being strangled and could not wake, could not scream.
The ship went down and I heard them drown, hundreds of them, crying for help.
"""
BEARABLE = """
My best friend moved abroad and the flat feels empty without him.
Father shouted at me because of the broken window, later he said that he was sorry.
We got lost in the fog and were worried, until we saw the lights of the inn.
She was furious about the delay and slammed the door.
The cat died in spring and we buried her under the apple tree.
He fell off his bike and hurt his knee, it took three weeks to heal.
I hated the new school, nobody talked to me and I felt stupid.
The flood damaged the cellar and all the photographs were ruined.
They argued about the war at dinner, and grandmother went to bed early.
She had a fever for days and was weak and miserable.
He lost his job and was afraid that they could not pay the rent.
The thunder scared the little one, so we told stories under the blanket.
I dreamed that I had missed the train and woke up anxious.
We killed time at the airport and were bored to death.
Nobody died in the crash, and nobody was even badly hurt.
The chess player attacked, trapped the queen and crushed his rival.
"""


def nightmares() -> tuple[list[str], list[str]]:
    """Return scenes that nobody should dream, and those that are sad, tense or only sound like it.

    They were written after the lexicon and `nightmares.toml` were last changed.
    """
    return NIGHTMARES.strip().splitlines(), BEARABLE.strip().splitlines()
