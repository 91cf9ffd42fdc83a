"""Judge what an application says: a share of its answers, each against the documents that it was given."""

import random

from homeostat import Homeostat
from homeostat.evaluate.passage import Context, Source

DOCUMENTS = (
    "The museum opens at nine on Saturdays and closes at six.",
    "Children under twelve get in for free.",
    "The café on the second floor sells soup and bread.",
)
GOOD = "The museum opens at nine on Saturdays. Children get in for free."
MADE_UP = "The museum never closes. Dogs are given a guided tour by the mayor."


def main() -> None:
    """Answer 300 times, one time in five with what no document says, and tell how faithful that was."""
    draw = random.Random(7)
    with Homeostat("museum", keep=False, collect=False) as hs:
        hs.evaluators.attach("answer", "personal.faithfulness", rate=0.5)
        context = Context(sources=tuple(Source(id=str(n), text=text) for n, text in enumerate(DOCUMENTS)))
        for number in range(300):
            with hs.request("answer"):
                hs.said(MADE_UP if draw.random() < 0.2 else GOOD, context)
            if number % 100 == 99:
                hs.evaluators.wait(20.0)
        for standing in hs.evaluators.standings():
            print(f"{standing.evaluator} of {standing.n} answers: {standing.mean:.2f}, {standing.interval}")
        found = hs.evaluate(MADE_UP, context, evaluators=["personal.faithfulness"])
        print(f"what is made up scores {found.scores['personal.faithfulness'].value:.2f}")


if __name__ == "__main__":
    main()
