"""Speech: a scene read aloud by a model elsewhere, only where one is set."""

from collections.abc import Mapping

import msgspec

from homeostat.companion.dream.scene import Scene
from homeostat.core.endpoint import Endpoint, endpoint_at
from homeostat.core.errors import NotAvailable
from homeostat.runtime.endpoint.poster import Poster
from homeostat.runtime.host import Host

TIMEOUT_S = 60.0
BYTES_MAX = 8 << 20
CHARS_MAX = 4_096
"""What the API takes at once."""

VOICE = "alloy"
MEDIA = "audio/mpeg"


class Speech:
    """Asks `audio/speech` of the API that OpenAI's clients speak. Any thread may; close it at the end.

    What is sent is the scene as it is told, as text to be read: it is nothing that the model follows.
    """

    def __init__(self, host: Host, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._spoken = host.counter("companion.dream.rendered", "1", form="speech")
        self._poster = Poster(endpoint, host.clock.monotonic_ns, TIMEOUT_S, BYTES_MAX)

    def read(self, scene: Scene) -> bytes:
        """Return MP3. Raises NotAvailable where the model gives none."""
        asked = {
            "model": self._endpoint.model,
            "input": scene.words[:CHARS_MAX],
            "voice": VOICE,
            "response_format": "mp3",
        }
        sound = self._poster.post("audio/speech", msgspec.json.encode(asked))
        if not (sound.startswith(b"ID3") or (len(sound) > 1 and sound[0] == 0xFF and sound[1] >= 0xE0)):
            raise NotAvailable(f"{self._endpoint.host} answers no MP3")
        self._spoken.add(1)
        return sound

    def close(self) -> None:
        """Close its connections."""
        self._poster.close()


def speech_at(host: Host, setting: str, environment: Mapping[str, str]) -> Speech | None:
    """Return the speech of a setting such as `https://api.openai.com/v1?model=NAME`; `none` is none.

    Raises ConfigError.
    """
    return None if setting == "none" else Speech(host, endpoint_at(setting, environment))
