"""Record values: a histogram, a counter and a gauge, and read them back."""

import random

from homeostat import Homeostat


def main() -> None:
    """Record a thousand answers and print what is known of them."""
    with Homeostat("example", keep=False) as hs:
        duration = hs.histogram("answer.duration", unit="ms", model="small")
        answers = hs.counter("answer.count")
        waiting = hs.gauge("answer.waiting")

        rng = random.Random(1)
        for i in range(1_000):
            duration.record(rng.lognormvariate(5, 0.4))
            answers.add(1)
            waiting.set(i % 7)

        seen = hs.snapshot("answer.duration")
        assert seen.interval is not None
        print(f"{seen.count} answers, p50 {seen.p50:.0f} ms, p95 {seen.p95:.0f} ms, p99 {seen.p99:.0f} ms")
        print(f"mean {seen.mean:.1f} ms, 95% interval [{seen.interval.low:.1f}, {seen.interval.high:.1f}]")


if __name__ == "__main__":
    main()
