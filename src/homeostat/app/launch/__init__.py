"""Launching: what `homeostat run` does around and inside the program that it starts.

`inject/` is the one folder that enters the program's own interpreter, which may be another
environment: nothing in it imports Homeostat.
"""
