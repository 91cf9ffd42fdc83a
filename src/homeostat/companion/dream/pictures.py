"""Pictures: a scene as a model elsewhere paints it, only where one is set."""

import re
from base64 import b64decode
from collections.abc import Mapping

import msgspec

from homeostat.companion.dream.scene import Scene
from homeostat.companion.store.telling import COMMON
from homeostat.core.endpoint import Endpoint, endpoint_at
from homeostat.core.errors import NotAvailable
from homeostat.runtime.endpoint.poster import Poster
from homeostat.runtime.host import Host

TIMEOUT_S = 120.0
BYTES_MAX = 16 << 20
WORDS_MAX = 12
SIZE = "1024x1024"
MEDIA = "image/png"
ASKED = "A quiet, dreamlike painting, without any writing in it, of what these words call up: "

_WORD = re.compile(r"[^\W\d_]{4,20}")


class _Image(msgspec.Struct):
    b64_json: str


class _Images(msgspec.Struct):
    data: list[_Image]


class Pictures:
    """Asks `images/generations` of the API that OpenAI's clients speak. Any thread may; close it at the end.

    What is sent is our own sentence and single words of the scene, none of its sentences: the API has no
    place for data that is not followed, and a list of words orders nothing.
    """

    def __init__(self, host: Host, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._painted = host.counter("companion.dream.rendered", "1", form="picture")
        self._poster = Poster(endpoint, host.clock.monotonic_ns, TIMEOUT_S, BYTES_MAX)

    def paint(self, scene: Scene) -> bytes:
        """Return a PNG. Raises NotAvailable where the model gives none."""
        asked = {
            "model": self._endpoint.model,
            "prompt": ASKED + ", ".join(words_of(scene)),
            "n": 1,
            "size": SIZE,
            "response_format": "b64_json",
        }
        answer = self._poster.post("images/generations", msgspec.json.encode(asked))
        try:
            picture = b64decode(msgspec.json.decode(answer, type=_Images).data[0].b64_json, validate=True)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError, IndexError):
            picture = b""
        if not picture.startswith(b"\x89PNG\r\n\x1a\n"):
            raise NotAvailable(f"{self._endpoint.host} answers no PNG")
        self._painted.add(1)
        return picture

    def close(self) -> None:
        """Close its connections."""
        self._poster.close()


def words_of(scene: Scene) -> list[str]:
    """Return single telling words of what a scene quotes, each once, in the order of the alphabet."""
    said = " ".join(quote for claim in scene.claims for quote in claim.quotes) or scene.words
    found = dict.fromkeys(word.casefold() for word in _WORD.findall(said))
    return sorted(sorted((word for word in found if word not in COMMON), key=len)[-WORDS_MAX:])


def pictures_at(host: Host, setting: str, environment: Mapping[str, str]) -> Pictures | None:
    """Return the pictures of a setting such as `https://api.openai.com/v1?model=NAME`; `none` is none.

    Raises ConfigError.
    """
    return None if setting == "none" else Pictures(host, endpoint_at(setting, environment))
