"""Write docs/reference/metrics.md from the metric catalogue: `python tools/metrics_reference.py`."""

from pathlib import Path

from homeostat.core.metric import Better, Metric
from homeostat.observe.catalogue import EVERY_SOURCE, load_catalogue

TARGET = Path(__file__).parent.parent / "docs" / "reference" / "metrics.md"

HEAD = """# Metrics

Everything that Homeostat knows how to measure, from `src/homeostat/observe/catalogue.toml` (this page is
made by `make docs`). `homeostat metrics` prints the same with each metric's state on your machine. [Set your
own limits](../how-to/set-limits.md) in a file of the same form.
"""

TITLES = {"llm": "Calls to models", "gpu": "GPU", "cpu": "CPU"}


def bound(metric: Metric, value: float | None) -> str:
    """Show a bound with its comparison; a dash where there is none."""
    if value is None:
        return "–"
    return f"{'≥' if metric.better is Better.HIGHER else '≤'} {value:,g}"


def reference() -> str:
    """Return the page."""
    parts = [HEAD]
    groups: dict[str, list[Metric]] = {}
    for metric in load_catalogue().values():
        groups.setdefault(metric.group, []).append(metric)
    for group, metrics in groups.items():
        parts.append(f"\n## {TITLES.get(group, group.replace('_', ' ').capitalize())}\n\n")
        parts.append("| metric | unit | what it is | judged by | target | warning | critical | from |\n")
        parts.append("|---|---|---|---|---|---|---|---|\n")
        for m in metrics:
            bounds = " | ".join(bound(m, value) for value in (m.target, m.warning, m.critical))
            parts.append(f"| `{m.name}` | {m.unit} | {m.help} | {m.judged_by} | {bounds} | {m.collector} |\n")
    parts.append("\n## Where they come from\n\n")
    parts += [f"- **{name}**: {text}\n" for name, text in EVERY_SOURCE.items()]
    return "".join(parts)


if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
