"""What scikit-learn's CountVectorizer takes to count n-grams of 1 to 3 words; prints JSON.

.bench-venv/companion/bin/python benchmarks/peers/companion_ngrams.py < TEXTS.json
"""

import json
import sys
import time
from importlib import import_module
from typing import Any

ROUNDS = 3


def main() -> None:
    """Read a JSON list of texts, and print the CPU time of the fastest of some rounds, in ms."""
    texts = json.load(sys.stdin)
    vectorizer: Any = import_module("sklearn.feature_extraction.text").CountVectorizer
    found = []
    for _ in range(ROUNDS):
        began = time.process_time_ns()
        vectorizer(ngram_range=(1, 3)).fit_transform(texts)
        found.append((time.process_time_ns() - began) / 1e6)
    print(json.dumps({"CountVectorizer": min(found)}))


if __name__ == "__main__":
    main()
