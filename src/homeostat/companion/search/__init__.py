"""Search: finds what a person's memory holds about a question, by its words and by its meaning.

`query` reads the question (`names`, `when`), `following` brings what is kept ready of a person up to date
(`index`, `packed_rows`, `nibbles`), `fusion` adds up the evidence, `search` joins them. `recall` measures
how much is found.
"""
