"""What one run spent on calls to models, as its server knows it when the program has ended."""

from typing import Any

from homeostat.app.cli.client import Client
from homeostat.app.launch.environment import Destination
from homeostat.core.clock import SECOND_NS
from homeostat.judge.words.quantity import count, quantity


def spent(to: Destination, start_ns: int, end_ns: int) -> str:
    """Return it in words, empty without calls. Raises NotAvailable where the server does not answer."""
    with Client(to.endpoint, to.token) as client:

        def total(metric: str, column: str, *attributes: str) -> float:
            found = client.get(
                "/api/frames",
                metric=metric,
                attribute=[f"service={to.service}", *attributes],
                start=start_ns // SECOND_NS * SECOND_NS,
                end=end_ns + SECOND_NS,
                level=SECOND_NS,
            )
            return sum(_sum(frame, column) for frame in found["frames"])

        calls = total("llm.duration", "count")
        if not calls:
            return ""
        tokens = [total("llm.tokens", "total", f"type={kind}") for kind in ("input", "cached", "output")]
        cost, unpriced = total("llm.cost", "total"), total("llm.calls_unpriced", "total")
        failed = total("llm.errors", "total")
    words = [f"{count(calls)} calls to models" + (f", {count(failed)} failed" if failed else "")]
    words.append(f"{count(tokens[0])} tokens in ({count(tokens[1])} cached), {count(tokens[2])} out")
    if unpriced < calls:
        words.append(quantity(cost, "USD"))
    if unpriced:
        words.append(f"{count(unpriced)} unpriced")
    return "; ".join(words)


def _sum(frame: dict[str, Any], column: str) -> float:
    """Add up the counts of a frame, or (`total`) what its values add up to."""
    if column == "count":
        return float(sum(frame["count"]))
    return float(sum(n * mean for n, mean in zip(frame["count"], frame["mean"], strict=True)))
