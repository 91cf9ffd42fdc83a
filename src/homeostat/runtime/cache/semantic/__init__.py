"""The semantic cache: answers to questions of the same meaning, where a second check agrees."""
