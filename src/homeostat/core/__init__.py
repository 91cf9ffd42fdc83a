"""The nouns that the verbs share, the error tree, the clock. Imports nothing of the project."""
