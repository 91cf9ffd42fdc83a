"""The palace: where memories stand. Rooms of topics, people and times at places in which near means related.

`building` learns them message by message, `grid` finds what is near, `walk` goes from room to room, `tiers`
say how present a memory is, `palace` joins them over a person's memory.
"""
