"""Search: finds what a person's memory holds about a question, by its words and by its meaning.

`query` reads the question, `index` is what is kept ready of a person, `fusion` weighs the evidence, `search`
joins them; `windows` is the part that makes the vectors of neighbouring turns.
"""
