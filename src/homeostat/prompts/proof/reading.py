"""Reading: what modules say, worked out once for each text."""

from dataclasses import replace

from homeostat.prompts.graph.styles import Styles
from homeostat.prompts.graph.understanding import Understood, understand
from homeostat.prompts.library.canonical import canonical
from homeostat.prompts.library.expansion import expanded
from homeostat.prompts.library.library import Library
from homeostat.prompts.library.module import Module
from homeostat.prompts.proof.evidence import Evidence, evidence, joined, plain

Key = tuple[str, str]


class Reading:
    """Remembers what was read, by path and text, for as long as it is kept itself."""

    def __init__(self) -> None:
        self._expanded: dict[Key, Module] = {}
        self._evidence: dict[Key, tuple[Evidence, ...]] = {}
        self._words: dict[Key, str] = {}
        self._canonical: dict[Key, str] = {}
        self._understood: dict[tuple[bytes, str], Understood] = {}

    def expanded(self, module: Module) -> Module:
        """Return a module with its compact forms read back."""
        key = (module.path, module.text)
        if key not in self._expanded:
            text = expanded(module.text)
            self._expanded[key] = module if text == module.text else replace(module, text=text)
        return self._expanded[key]

    def evidence(self, module: Module) -> tuple[Evidence, ...]:
        """Return all evidence of a module."""
        key = (module.path, module.text)
        if key not in self._evidence:
            self._evidence[key] = tuple(evidence(self.expanded(module)))
        return self._evidence[key]

    def words(self, module: Module) -> str:
        """Return a module's words without markup, and once more as written, for code and placeholders."""
        key = (module.path, module.text)
        if key not in self._words:
            text = self.expanded(module).text
            self._words[key] = joined(plain(text)) + "\n" + joined(text)
        return self._words[key]

    def canonical(self, module: Module) -> str:
        """Return a module's canonical text."""
        key = (module.path, module.text)
        if key not in self._canonical:
            self._canonical[key] = canonical(self.expanded(module))
        return self._canonical[key]

    def understood(self, library: Library, styles: Styles) -> Understood:
        """Return what a library says of itself."""
        key = (library.digest, styles.source)
        if key not in self._understood:
            modules = {path: self.expanded(module) for path, module in library.modules.items()}
            self._understood[key] = understand(replace(library, modules=modules), styles)
        return self._understood[key]
