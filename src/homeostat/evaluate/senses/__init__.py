"""The senses: how vivid a text is, and how well pictures and sounds are made."""
