"""What does an attached evaluator add to an operation, what does a judgement cost, and whom does it delay?

What an operation pays is the CPU of its own thread; judging itself is done by another one. The delay is how
late an event loop wakes from sleeps of 1 ms while texts are judged all the time: what holds the interpreter's
lock keeps it waiting.
"""

import asyncio
import statistics
import threading
import time
from pathlib import Path

from benchmarks.result import Result
from benchmarks.timing import Run, side_by_side
from homeostat import Homeostat
from homeostat.core.errors import HomeostatError
from homeostat.evaluate.evaluator import judged
from homeostat.evaluate.evaluators import made, names
from homeostat.evaluate.passage import Context, Source
from homeostat.evaluate.segments import segments_of
from homeostat.runtime.embed.opening import embedder_at
from homeostat.testing.bare_host import BareHost

BATCH = 2_000
SLEEPS = 1_000
REPEATS = 15

TEXT = (
    "On Saturday Mara took the early train to the coast. It was raining when she arrived, and the harbour "
    "smelled of salt and diesel. She had come to see her brother Tom, who repairs old boats. He was glad, "
    "but he looked tired. They ate warm bread in his kitchen and talked about their father. Tom said that "
    "he had sold the blue boat. Mara was sad for a while, since she had learned to sail in it. Then he "
    "showed her the new one. Because the rain had stopped, they took it out in the afternoon. In the "
    "evening she went home, tired and content."
)
CONTEXT = Context(
    sources=tuple(
        Source(id=str(number), text=text)
        for number, text in enumerate(
            (
                "I took the early train to the coast on Saturday to see my brother Tom.",
                "Tom repairs old boats down at the harbour.",
                "Tom told me he sold dad's blue boat, the one I learned to sail in. I felt sad.",
                "We took the new boat out in the afternoon.",
            )
        )
    ),
    likes=("sailing", "the sea"),
    dislikes=("hospitals",),
    question="What did Mara do on Saturday?",
)


def _operations(hs: Homeostat, says: bool) -> Run:
    def run() -> int:
        for _ in range(BATCH):
            with hs.operation("answer"):
                if says:
                    hs.said(TEXT, CONTEXT)
        hs.evaluators.wait(60.0)
        return BATCH

    return run


def _added() -> list[Result]:
    evaluator = "emotion.transitions"
    hosts = [Homeostat(f"benchmark-{number}", keep=False, collect=False) for number in range(4)]
    plain, bare, off, tenth = hosts
    off.evaluators.attach("answer", evaluator, rate=0.0)
    tenth.evaluators.attach("answer", evaluator, rate=0.1)
    runs = {
        "plain": _operations(plain, False),
        "bare": _operations(bare, True),
        "off": _operations(off, True),
        "tenth": _operations(tenth, True),
    }
    found = side_by_side(runs, REPEATS, time.thread_time_ns)
    for hs in hosts:
        hs.close()
    base = found["plain"]
    asked = {
        "bare": "handing a text over, nothing attached",
        "off": "handing a text over, an evaluator attached at rate 0",
        "tenth": f"handing a text over, {evaluator} attached at rate 0.1",
    }
    return [
        Result(
            f"{words}: added to an operation",
            found[name].best_ns - base.best_ns,
            "ns",
            None,
            "lower",
            low=found[name].best_ns - base.best_ns,
            high=found[name].median_ns - base.median_ns,
            note=f"CPU of its own thread; the operation alone takes {base.best_ns:,.0f} ns",
        )
        for name, words in asked.items()
    ]


def _judgements() -> list[Result]:
    segments, results = segments_of(TEXT), []
    try:
        embedder = embedder_at(BareHost(), "minilm", {})
    except HomeostatError:
        embedder = None
    for name in names():
        try:
            evaluator = made(name, embedder)
            silent = judged(evaluator, segments, CONTEXT) is None
        except HomeostatError:
            continue
        took = []
        for _ in range(REPEATS):
            began_ns = time.process_time_ns()
            judged(evaluator, segments, CONTEXT)
            took.append((time.process_time_ns() - began_ns) / 1e6)
        note = f"{len(segments)} sentences, {len(CONTEXT.sources)} sources" + (
            ", says nothing" if silent else ""
        )
        median = statistics.median(took)
        results.append(
            Result(
                f"a judgement by {name}",
                min(took),
                "ms CPU",
                None,
                "lower",
                low=min(took),
                high=median,
                note=note,
            )
        )
    return results


def _delay(judging: bool) -> list[float]:
    """How late an event loop wakes, in ms, while texts are handed over all the time."""
    with Homeostat("benchmark", keep=False, collect=False) as hs:
        for name in names():
            hs.evaluators.attach("answer", name, rate=1.0)
        ended = threading.Event()

        def handing_over() -> None:
            while not ended.wait(0.005):
                with hs.operation("answer"):
                    hs.said(TEXT, CONTEXT)

        async def sleeping() -> list[float]:
            late: list[float] = []
            for _ in range(SLEEPS):
                began_ns = time.perf_counter_ns()
                await asyncio.sleep(0.001)
                late.append((time.perf_counter_ns() - began_ns) / 1e6 - 1.0)
            return late

        thread = threading.Thread(target=handing_over)
        if judging:
            thread.start()
            time.sleep(2.0)  # evaluators are made, and the lane is full
        late = asyncio.run(sleeping())
        ended.set()
        if judging:
            thread.join()
        return late


def _delays() -> list[Result]:
    without, with_it = (sorted(_delay(judging)) for judging in (False, True))
    place = int(0.99 * SLEEPS)
    return [
        Result(
            "how late an event loop wakes while all evaluators judge all the time, p99",
            with_it[place],
            "ms",
            None,
            "lower",
            note=f"without judging {without[place]:.2f} ms; the median goes from "
            f"{without[SLEEPS // 2]:.2f} to {with_it[SLEEPS // 2]:.2f} ms; needs a quiet machine",
        )
    ]


def run(data: Path | None) -> list[Result]:
    """Measure all three."""
    return [*_added(), *_judgements(), *_delays()]
