"""The meter: what dreams record of themselves."""

from homeostat.runtime.host import Host

MS_NS = 1_000_000
STAGES = ("initialise", "prepare", "generate", "integrate", "deliver")


class Meter:
    """Handles of the metrics."""

    def __init__(self, host: Host) -> None:
        self.ended = {
            how: host.counter("companion.dream.ended", "1", how=how)
            for how in ("whole", "stopped", "refused", "empty", "failed")
        }
        self.scenes = host.counter("companion.dream.scenes", "1", event="told")
        self.softened = host.counter("companion.dream.scenes", "1", event="softened")
        self.dropped = {
            why: host.counter("companion.dream.scenes", "1", event="dropped", why=why)
            for why in ("trigger", "guard", "distress", "untraced")
        }
        self.first = host.histogram("companion.dream.first_scene", "ms")
        self.next = host.histogram("companion.dream.next_scene", "ms")
        self.whole = host.histogram("companion.dream.duration", "ms")
        self.stop = host.histogram("companion.dream.stop", "ms")
        self.stage = {stage: host.histogram("companion.dream.stage", "ms", stage=stage) for stage in STAGES}
        self.resonance = host.histogram("companion.dream.resonance", "ratio")
        self.traced = host.gauge("companion.dream.traced", "ratio")
        self.running = host.gauge("companion.dream.running", "1")
        self.utilisation = host.gauge("companion.dream.utilisation", "ratio")
        self.unworded = host.counter("companion.dream.unworded", "1")
        self.forgotten = host.counter("companion.dream.diary_dropped", "1")

    def told(self, count: int, took_ns: int) -> None:
        """Record the scene that was told as the `count`-th of its dream, and how long it was waited for."""
        (self.first if count == 1 else self.next).record(took_ns / MS_NS)
        self.scenes.add(1)
