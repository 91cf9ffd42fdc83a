"""Write docs/reference/evaluators.md from the registry: `python tools/evaluators_reference.py`."""

from pathlib import Path

from homeostat.evaluate.evaluators import made, names, shipped
from homeostat.testing.digest_embedder import DigestEmbedder

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "evaluators.md"

HEAD = """# Evaluators

What judges the words of an application, and how well each did before it was shipped: its figure beside that
of a baseline that anybody would try first, on the same cases. An evaluator that does not beat its baseline is
not shipped. This page is made from the registry by `python tools/evaluators_reference.py`. The metric of each
is `quality.NAME`, 1 at best; [how to use them](../how-to/judge-what-it-says.md).

| evaluator | validated on | measure | figure | baseline | cases | needs | embedder | languages |
|---|---|---|---|---|---|---|---|---|
"""


def row(name: str) -> str:
    """Show one evaluator."""
    known, found = shipped(name), made(name, DigestEmbedder()).validation
    baseline = f"{found.baseline:.2f} ({found.baseline_is})"
    languages = ", ".join(known.languages) or "any"
    needs, embedder = " or ".join(known.needs) or "–", "helps" if known.embedder else "–"
    return (
        f"| `{name}` | {found.on} | {found.measure} | {found.figure:.2f} | {baseline} | {found.of:,} | "
        f"{needs} | {embedder} | {languages} |\n"
    )


def reference() -> str:
    """Return the page."""
    return HEAD + "".join(row(name) for name in sorted(names()))


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
