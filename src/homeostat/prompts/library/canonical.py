"""The canonical text: what two texts have in common that differ only in white space and compact forms."""

from functools import cache
from typing import Any

from homeostat.core.errors import NotAvailable
from homeostat.prompts.library.expansion import expanded, replace_fences
from homeostat.prompts.library.front_matter import read_front_matter
from homeostat.prompts.library.module import Module
from homeostat.prompts.library.xml_tree import read_xml, write_xml

MARKDOWN = (".md", ".markdown", ".mdc")


def canonical(module: Module) -> str:
    """Return the canonical text of a module.

    Settings at its top are as they are, each well-formed block of XML is its tree, and Markdown is what it
    renders to; any other text is itself, line ends aside. Two modules with the same canonical text show a
    reader the same. Raises NotAvailable where markdown-it-py is not installed.
    """
    text = expanded(module.text).replace("\r\n", "\n")
    end = read_front_matter(text).end
    body = replace_fences(text[end:], "xml", "xml", _tree)
    if module.path.lower().endswith(MARKDOWN):
        body = _renderer().render(body)
    return text[:end] + body


def _tree(content: str) -> str | None:
    nodes = read_xml(content)
    # on one line, for a line of a text could close the fence
    return None if nodes is None else write_xml(nodes).replace("\n", "&#10;")


@cache
def _renderer() -> Any:
    try:
        from markdown_it import MarkdownIt
    except ImportError:
        raise NotAvailable(
            "comparing Markdown needs markdown-it-py: pip install 'homeostat[prompts]'"
        ) from None
    return MarkdownIt("commonmark").enable(["table", "strikethrough"])
