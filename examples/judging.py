"""Judge numbers: an interval that stays true while you look, a change point, and a comparison of two arms."""

import random

from homeostat.stats.change_points import change_points
from homeostat.stats.difference import difference
from homeostat.stats.mean_sequence import MeanSequence


def main() -> None:
    """Look at each value as it comes, and say what is known."""
    rng = random.Random(7)
    before = [rng.lognormvariate(4.6, 0.3) for _ in range(600)]
    after = [rng.lognormvariate(4.8, 0.3) for _ in range(600)]

    for point in change_points(before + after):
        print(f"the level changed at {point.index} [{point.low}, {point.high}]")

    old, new = MeanSequence(), MeanSequence()
    for looks, (a, b) in enumerate(zip(before, after, strict=True), start=1):
        old.add(a)
        new.add(b)
        found = difference(new, old)
        if found is not None and found.low > 0:
            print(f"proven slower after {looks} values a side: by {found.low:.1f} to {found.high:.1f} ms")
            break


if __name__ == "__main__":
    main()
