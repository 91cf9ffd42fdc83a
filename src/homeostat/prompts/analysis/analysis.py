"""The analysis: everything that is known of a prompt library, as one value that can be kept and sent."""

import msgspec

from homeostat.prompts.analysis.overhead import Overhead
from homeostat.prompts.analysis.repetition import Duplicate
from homeostat.prompts.graph.graph import Edge
from homeostat.prompts.library.problem import Problem
from homeostat.prompts.tokens.run_cost import RunCost


class FileFigures(msgspec.Struct, frozen=True):
    """One module: its tokens, and how many of them are form."""

    path: str
    tokens: int
    size_bytes: int
    encoding: str
    overhead: Overhead
    placeholders: int


class EntryFigures(msgspec.Struct, frozen=True):
    """One entry point: the tokens of its own file and of its closures, each counting every module once.

    `hard` is what is loaded with it; `route` that and, where a run takes one of several ways, the heaviest of
    them; `conditional` is `hard` and all that it may load, `any` that and all that is only named on the way.
    `modules` are those of the hard closure, itself first, and `routes` counts the ways.
    """

    name: str
    kind: str
    path: str
    own_tokens: int
    hard_tokens: int
    route_tokens: int
    conditional_tokens: int
    any_tokens: int
    modules: tuple[str, ...]
    routes: int
    conditional_modules: int
    any_modules: int


class DuplicateFigures(msgspec.Struct, frozen=True):
    """A duplicate with what its further places hold in tokens; what a reference costs is not taken off."""

    duplicate: Duplicate
    tokens: int
    repeated_tokens: int


class Analysis(msgspec.Struct, frozen=True):
    """A library by its tokens, its graph and its repetitions; independent of any model's prices.

    `cycles` are sets of modules that load each other, hard or conditionally; `circles` those that reach
    each other by any reference that is written in full. `unused` is reached from no entry point, by
    nothing; `only_named` by nothing that loads. `xml_faults` of the `xml_fences` are malformed.
    `always` are the files that a tool loads before every entry point, with what they include outside blocks
    of code.
    """

    tokenizer: str
    tokens: int
    files: tuple[FileFigures, ...]
    entries: tuple[EntryFigures, ...]
    always: tuple[str, ...]
    always_tokens: int
    commands_tokens: int
    edges: tuple[Edge, ...]
    cycles: tuple[tuple[str, ...], ...]
    circles: tuple[tuple[str, ...], ...]
    unused: tuple[str, ...]
    only_named: tuple[str, ...]
    duplicates: tuple[DuplicateFigures, ...]
    xml_fences: int
    xml_faults: int
    problems: tuple[Problem, ...]

    @property
    def dangling(self) -> tuple[Edge, ...]:
        """The references that lead to no module."""
        return tuple(e for e in self.edges if e.target is None)

    @property
    def overhead(self) -> Overhead:
        """The form of all modules together."""
        of = [f.overhead for f in self.files]
        return Overhead(
            sum(o.xml_tags for o in of), sum(o.indentation for o in of), sum(o.blank_lines for o in of)
        )


class Runs(msgspec.Struct, frozen=True):
    """What one run of an entry point loads and costs with a model.

    `tokens` are the hard closure and what is always loaded. `window_left` is the share of the context
    window that stays free, None where the window is not known.
    """

    name: str
    tokens: int
    cost: RunCost
    window_left: float | None


class Priced(msgspec.Struct, frozen=True):
    """An analysis with what its runs cost with a model; `notes` say what the figures leave open."""

    analysis: Analysis
    model: str
    window_tokens: int | None
    runs: tuple[Runs, ...]
    notes: tuple[str, ...]
