"""The mirror: how a person talks, what they would likely answer and choose; theirs to see, correct and turn off."""
