"""The companion: a conversation memory for thousands of people, the first application that Homeostat governs.

It keeps every word, needs no language model to write or to find, keeps people apart by construction, and
forgets for real. `message` has the nouns, `store` keeps them (one encrypted file a person, or PostgreSQL),
`embed` turns texts into vectors, `search` finds, `palace`, `mirror` and `archaeology` learn from what was
said, `companion` joins them.
"""
