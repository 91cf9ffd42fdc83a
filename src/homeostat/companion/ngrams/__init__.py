"""Words and n-grams of words: counted by the ten thousand messages, in numpy, without a dictionary."""
