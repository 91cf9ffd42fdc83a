"""The lossy passes of `homeostat prompts optimize`, from what is asked for on the command line."""

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from homeostat.core.endpoint import Endpoint
    from homeostat.prompts.extraction.rewriting.answer import Answer, NoAnswer
    from homeostat.prompts.extraction.rewriting.answer_cache import AnswerCache
    from homeostat.prompts.extraction.rewriting.rewriter import Plan
    from homeostat.prompts.optimize.draft import Draft
    from homeostat.prompts.optimize.pass_ import Pass


Lossy = Annotated[str, typer.Option(help="Drop what binds nobody until so much is left: a ratio, or tokens.")]
LossyPer = Annotated[str, typer.Option(help="Of each module, or of what each command loads.")]
Rewrite = Annotated[str, typer.Option(help="Model that writes loaded modules anew, under a gate.")]
EndpointOption = Annotated[
    str, typer.Option(help="Where it answers (OpenAI's API): http://127.0.0.1:8000/v1.")
]
Embeddings = Annotated[
    str, typer.Option(help="Model there that says how like the result is; it proves nothing.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Use the models without asking for it first.")]


@dataclass(frozen=True, slots=True)
class LossyAsked:
    """What is asked for: how much may stay and of what, which model rewrites and where it answers.

    Empty texts ask for nothing. `ask_first` is whether a person is to agree to what a model costs;
    `embeddings` is a model that says how like the result is.
    """

    keep: str
    per: str
    rewrite: str
    endpoint: str
    embeddings: str
    ask_first: bool
    dry_run: bool

    def checked(self) -> None:
        """Raise ConfigError for what cannot be asked, before anything is read."""
        from homeostat.core.errors import ConfigError
        from homeostat.prompts.extraction.budget import budget, scope

        if self.keep:
            budget(self.keep, scope(self.per))
        elif self.per != "module":
            raise ConfigError("--lossy-per says what a budget is for; give the budget with --lossy")
        for model in filter(None, (self.rewrite, self.embeddings)):
            self._endpoint(model)
        if self.embeddings and not (self.keep or self.rewrite):
            raise ConfigError("--embeddings compares what --lossy or --rewrite made; neither is asked for")
        if self.endpoint and not (self.rewrite or self.embeddings):
            raise ConfigError("--endpoint says where a model answers; name the model with --rewrite")

    def passes(self, draft: "Draft", *, quiet: bool) -> "tuple[Pass, ...]":
        """Return the passes, with the answers of the model in them: it is asked here."""
        from homeostat.prompts.extraction.budget import budget, scope
        from homeostat.prompts.extraction.extraction_pass import ExtractionPass

        found: list[Pass] = []
        if self.rewrite:
            found.append(self._rewrite(draft, quiet=quiet))
        if self.keep:
            found.append(ExtractionPass(budget(self.keep, scope(self.per))))
        return tuple(found)

    def compare(self, before: "Draft", after: "Draft", paths: "Sequence[str]", *, quiet: bool) -> None:
        """Show how like modules are to what they were by a model of embeddings, if that is asked for."""
        import asyncio

        from homeostat.app.cli.progress import working
        from homeostat.prompts.extraction.rewriting.embedding import embedded_likenesses
        from homeostat.prompts.extraction.rewriting.rewriting_cost import embedding_cost
        from homeostat.prompts.extraction.similarity import EMBEDDED, likeness_notes

        were, are = before.library.modules, after.library.modules
        pairs = {p: (were[p].text, are[p].text) for p in paths if p in were and p in are}
        if not (self.embeddings and pairs) or self.dry_run:
            return
        endpoint = self._endpoint(self.embeddings)
        cost = embedding_cost(
            self.embeddings, (sum(map(before.counts.of, p)) for p in pairs.values()), time.time_ns()
        )
        typer.echo(f"{self.embeddings} at {endpoint.host}: about {cost}", err=True)
        if self.ask_first:
            typer.confirm("Send these modules there?", abort=True, err=True)
        with working(quiet=quiet):
            found, missing = asyncio.run(embedded_likenesses(endpoint, pairs))
        for note in likeness_notes(found, f"by {self.embeddings}: {EMBEDDED}"):
            typer.echo(note, err=True)
        if missing:
            path, why = next(iter(missing.items()))
            typer.echo(f"{len(missing):,} modules have no embedding, such as {path}: it {why}", err=True)

    def _endpoint(self, model: str) -> "Endpoint":
        from homeostat.core.endpoint import OPENAI, endpoint_of

        return endpoint_of(self.endpoint or OPENAI, model, os.environ)

    def _rewrite(self, draft: "Draft", *, quiet: bool) -> "Pass":
        from homeostat.prompts.extraction.rewriting.answer_cache import AnswerCache, default_path
        from homeostat.prompts.extraction.rewriting.rewrite_pass import RewritePass
        from homeostat.prompts.extraction.rewriting.rewriter import loaded_texts, plan

        cache = AnswerCache(default_path())
        texts = loaded_texts(draft)
        planned = plan(texts, self._endpoint(self.rewrite), draft.counts.of, cache, time.time_ns())
        known = f"; {len(planned.known):,} answers are known already" if planned.known else ""
        typer.echo(f"{self.rewrite} at {planned.endpoint.host}: at most {planned.cost}{known}", err=True)
        if self.dry_run or not planned.questions:
            return RewritePass(planned.known, texts)
        if self.ask_first:
            typer.confirm("Send these modules there?", abort=True, err=True)
        return RewritePass(self._answers(planned, cache, quiet=quiet), texts)

    def _answers(
        self, planned: "Plan", cache: "AnswerCache", *, quiet: bool
    ) -> "Mapping[str, Answer | NoAnswer]":
        """Ask the model, and tell what that was billed as."""
        import asyncio

        from homeostat.app.cli.progress import working
        from homeostat.prompts.extraction.rewriting.rewriter import ask
        from homeostat.prompts.extraction.rewriting.rewriting_cost import billed_cost

        with working(quiet=quiet) as work:
            answers = asyncio.run(ask(planned, cache, progress=work.step))
        typer.echo(f"billed: {billed_cost(self.rewrite, answers.paid, time.time_ns())}", err=True)
        return answers.by_path
