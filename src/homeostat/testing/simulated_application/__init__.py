"""A simulated application in simulated time, whose best configuration is known: what the loop is judged by.

A scenario (`scenario.py`, written as TOML) tells its parameters, knobs, load, faults, targets and objective.
`application.py` runs it as a `core.plant.Plant`; `truth.py` tells without noise what a configuration comes
to, `oracle.py` which one is the best.
"""
