"""Counting a library: the tokens of each module, each content once."""

from homeostat.prompts.library.library import Library, Progress, silent
from homeostat.prompts.tokens.count_cache import CountCache
from homeostat.prompts.tokens.tokenizer import Tokenizer


def count_modules(
    library: Library, counter: Tokenizer, cache: CountCache | None = None, progress: Progress = silent
) -> dict[str, int]:
    """Return the tokens of each module by its path; from the cache what was counted before.

    Raises NotAvailable where something must be counted and bpe-openai is not installed.
    """
    digests = {m.digest for m in library.modules.values()}
    known = cache.tokens(counter.name, digests) if cache is not None else {}
    counted: dict[bytes, int] = {}
    for done, module in enumerate(library.modules.values()):
        if module.digest not in known:
            progress("counting tokens", done, len(library.modules))
            known[module.digest] = counted[module.digest] = counter.count(module.text)
    if cache is not None and counted:
        cache.keep_tokens(counter.name, counted)
    return {path: known[module.digest] for path, module in library.modules.items()}
