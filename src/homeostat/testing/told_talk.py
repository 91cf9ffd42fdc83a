"""A talk of two people in the order in which it was told."""

TALK = (
    "Hi! How have you been?",
    "Hey! I'm great, thanks. I just adopted a kitten.",
    "Oh, how lovely! What is the kitten's name?",
    "Her name is Juniper. She sleeps on my keyboard all day.",
    "Haha, that sounds cute. Does she let you work at all?",
    "Not really! I had to buy a second keyboard. What about you, any news?",
    "Yes, I signed up for a pottery class. It starts in May.",
    "Pottery, nice! What are you going to make first?",
    "A bowl for Juniper, of course.",
    "She will love it. Thank you so much! I have to go now.",
    "Bye! Talk to you soon.",
)
