"""The models of a companion: what embeds, writes, speaks and paints, each as an option says."""

import os
from contextlib import ExitStack
from typing import TypeVar

from homeostat.app.companion.options import CompanionOptions
from homeostat.companion.dream.pictures import pictures_at
from homeostat.companion.dream.speech import speech_at
from homeostat.companion.writer import writer_at
from homeostat.core.embedder import Embedder
from homeostat.runtime.embed.opening import embedder_at
from homeostat.runtime.host import Host

M = TypeVar("M")


class Models:
    """Opens the models; None is one that is not there. A given `embedder` is closed with the others.

    `near` is the embedder for what the guard and the dread learn at each start, which would be bought from an
    endpoint. Raises ConfigError, NotAvailable, EmbedderError.
    """

    def __init__(self, host: Host, options: CompanionOptions, embedder: Embedder | None = None) -> None:
        with ExitStack() as opened:
            if embedder is None:
                embedder = embedder_at(host, options.embedder, os.environ)
            self.embedder = _closed_by(opened, embedder)
            self.near = None if "://" in options.embedder else self.embedder
            self.writer = _closed_by(opened, writer_at(host, options.writer, os.environ))
            self.speech = _closed_by(opened, speech_at(host, options.speech, os.environ))
            self.pictures = _closed_by(opened, pictures_at(host, options.pictures, os.environ))
            self.close = opened.pop_all().close


def _closed_by(opened: ExitStack, model: M) -> M:
    close = getattr(model, "close", None)
    if close is not None:
        opened.callback(close)
    return model
