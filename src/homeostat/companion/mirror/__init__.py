"""The mirror: how a person talks, answers and chooses; theirs to see, to correct and to turn off."""
