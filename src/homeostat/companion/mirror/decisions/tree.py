"""The tree: learns choices one by one, forgets what is long past, gives up a branch that has turned wrong."""

import math
from collections.abc import Iterator

import msgspec

Values = dict[str, str]
"""A context as the tree sees it: an aspect's name and its value, both short texts."""

HALF_LIFE = 300.0
"""After so many decisions at a node one counts half."""

SPLIT_RISK = 1e-3
"""The risk of Hoeffding's bound."""

TIE = 0.3
GRACE = 10.0
"""So much weight a leaf gathers between looks for a split."""

DEPTH_MAX = 8
VALUES_MAX = 32
CHOICES_MAX = 32
PRIOR = 1.5
"""A node's counts are joined with so many of its parent's opinion."""

WATCH = 0.93
"""How much of its memory the watch on a branch keeps at each decision."""

WORSE = 0.1
"""A branch that is wrong so much more often than its root alone would be is cut."""


class Node(msgspec.Struct, array_like=True):
    """A node: decayed weights by choice, and by aspect, value and choice; a branch has `on` and `children`.

    `wrong` and `wrong_alone` are how often the branch, and this node without it, were wrong of late.
    """

    choices: dict[str, float] = {}
    seen: dict[str, dict[str, dict[str, float]]] = {}
    on: str = ""
    children: dict[str, "Node"] = {}
    looked: float = 0.0
    wrong: float = 0.5
    wrong_alone: float = 0.5

    @property
    def weight(self) -> float:
        """How many decisions it rests on, the old ones counting less."""
        return sum(self.choices.values())


def path(root: Node, values: Values) -> Iterator[Node]:
    """Give the nodes that a context passes, from the root."""
    node = root
    yield node
    while node.on:
        child = node.children.get(values.get(node.on, ""))
        if child is None:
            return
        yield child
        node = child


def opinion(root: Node, values: Values) -> tuple[dict[str, float], float]:
    """Return the probability of each known choice, and the weight of decisions behind the last node."""
    known = sorted(root.choices)
    if not known:
        return {}, 0.0
    share = dict.fromkeys(known, 1.0 / (len(known) + 1))  # the rest is for what was never chosen yet
    weight = 0.0
    for node in path(root, values):
        weight = node.weight
        share = {
            choice: (node.choices.get(choice, 0.0) + PRIOR * prior) / (weight + PRIOR)
            for choice, prior in share.items()
        }
    return share, weight


def best(choices: dict[str, float]) -> str:
    """Return the heaviest choice, the first by name among equals."""
    return min(choices, key=lambda choice: (-choices[choice], choice))


def learn(root: Node, values: Values, choice: str) -> None:
    """Learn one decision. Cost: about 30 us."""
    nodes = list(path(root, values))
    foretold = best(opinion(root, values)[0]) if root.choices else ""
    for node in nodes[:-1]:
        alone = best(node.choices)
        node.wrong += (1 - WATCH) * ((foretold != choice) - node.wrong)
        node.wrong_alone += (1 - WATCH) * ((alone != choice) - node.wrong_alone)
    for depth, node in enumerate(nodes):
        if node.on and node.wrong > node.wrong_alone + WORSE:
            _cut(node)
            nodes = nodes[: depth + 1]
            break
    last = nodes[-1]
    if last.on and len(last.children) < VALUES_MAX:
        last.children[values.get(last.on, "")] = Node()
        nodes.append(last.children[values.get(last.on, "")])
    for node in nodes:
        _count(node, values, choice)
    if len(nodes) < DEPTH_MAX:
        _split_if_clear(nodes[-1])


def _count(node: Node, values: Values, choice: str) -> None:
    fade = 0.5 ** (1.0 / HALF_LIFE)
    _fade(node.choices, fade)
    node.choices[choice] = node.choices.get(choice, 0.0) + 1.0
    if len(node.choices) > CHOICES_MAX:
        del node.choices[min(node.choices, key=lambda one: node.choices[one])]
    if node.on:
        return
    for aspect, value in values.items():
        by_value = node.seen.setdefault(aspect, {})
        for counts in by_value.values():
            _fade(counts, fade)
        if value in by_value or len(by_value) < VALUES_MAX:
            counts = by_value.setdefault(value, {})
            counts[choice] = counts.get(choice, 0.0) + 1.0
    node.looked += 1.0


def _fade(weights: dict[str, float], by: float) -> None:
    for key in weights:
        weights[key] *= by


def _cut(node: Node) -> None:
    """Make a branch a leaf again; what it believed is half forgotten, so that the new soon outweighs it."""
    node.on, node.children, node.looked = "", {}, 0.0
    node.wrong = node.wrong_alone = 0.5
    node.seen = {}
    _fade(node.choices, 0.25)


def entropy(weights: dict[str, float]) -> float:
    """Return the entropy of weights, in bits."""
    total = sum(weights.values())
    parts = (weight / total for weight in weights.values() if weight > 0.0)
    return -sum(part * math.log2(part) for part in parts) if total > 0.0 else 0.0


def gain(node: Node, aspect: str) -> float:
    """Return how many bits knowing an aspect tells of the choice."""
    by_value = node.seen[aspect]
    joined: dict[str, float] = {}
    for counts in by_value.values():
        for choice, weight in counts.items():
            joined[choice] = joined.get(choice, 0.0) + weight
    total = sum(joined.values())
    rest = sum(sum(counts.values()) / total * entropy(counts) for counts in by_value.values())
    return entropy(joined) - rest


def _split_if_clear(node: Node) -> None:
    """Split a leaf where the best aspect is surely better than the next, or both are good and alike."""
    if node.looked < GRACE or len(node.choices) < 2:
        return
    node.looked = 0.0
    gains = sorted(((gain(node, a), a) for a, values in node.seen.items() if len(values) > 1), reverse=True)
    if not gains:
        return
    top, aspect = gains[0]
    second = max(gains[1][0] if len(gains) > 1 else 0.0, 0.0)
    weight = node.weight
    reach = math.log2(len(node.choices))
    bound = reach * math.sqrt(math.log(1 / SPLIT_RISK) / (2 * weight))
    degrees = (len(node.seen[aspect]) - 1) * (len(node.choices) - 1)
    worth = degrees / (2 * math.log(2) * weight) * 2  # twice what chance alone gives (Miller and Madow)
    if top > worth and (top - second > bound or (bound < TIE + top / 2 and top > 2 * worth)):
        node.on = aspect
        node.children = {value: Node(choices=dict(counts)) for value, counts in node.seen[aspect].items()}
        node.seen = {}
