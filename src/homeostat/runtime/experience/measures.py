"""The measures: experience as metrics like any others, so that targets, alerts and guardrails can use it."""

from homeostat.evaluate.experience.summary import Summary
from homeostat.evaluate.experience.tasks import Attempt
from homeostat.runtime.host import Host


class Measures:
    """Records what happens to people of one application, and the figures that only many events make."""

    def __init__(self, host: Host, service: str) -> None:
        self._host = host
        self._service = service
        self._answers = {
            "rating": host.histogram("experience.rating", "1", service=service).record,
            "thumbs": host.histogram("experience.thumbs", "ratio", service=service).record,
            "recommend": host.histogram("experience.recommend", "1", service=service).record,
            "usability": host.histogram("experience.usability", "1", service=service).record,
        }
        self._sessions = host.counter("experience.sessions", "1", service=service).add
        self._accepted = host.histogram("experience.adaptation.accepted", "ratio", service=service).record
        self._returned = host.gauge("experience.returned", "ratio", service=service).set
        self._stable = host.gauge("experience.preference.stable", "ratio", service=service).set

    def answer(self, instrument: str, value: float) -> None:
        """Somebody answered."""
        self._answers[instrument](value)

    def session(self) -> None:
        """A session began."""
        self._sessions(1)

    def interaction(self, feature: str) -> None:
        """Somebody did something."""
        named = {"feature": feature} if feature else {}
        self._host.counter("experience.interactions", "1", service=self._service, **named).add(1)

    def attempt(self, attempt: Attempt) -> None:
        """A task ended, done or not."""
        host, service, task = self._host, self._service, attempt.task
        host.histogram("experience.task.completed", "ratio", service=service, task=task).record(
            float(attempt.done)
        )
        host.counter("experience.task.errors", "1", service=service, task=task).add(attempt.errors)
        host.counter("experience.task.retries", "1", service=service, task=task).add(attempt.retries)
        if attempt.done:
            host.histogram("experience.task.duration", "ms", service=service, task=task).record(
                attempt.seconds * 1e3
            )

    def accepted(self, accepted: bool) -> None:
        """Somebody kept what was adapted to them, or took it back."""
        self._accepted(float(accepted))

    def figures(self, found: Summary) -> None:
        """Record the figures that are known."""
        host, service = self._host, self._service
        for set_, figure in (
            (self._returned, found.retention.returned),
            (self._stable, found.preferences),
        ):
            if figure.value is not None:
                set_(figure.value)
        for name, figure in found.feedback.items():
            if figure.response_rate is not None:
                host.gauge("experience.response_rate", "ratio", service=service, instrument=name).set(
                    figure.response_rate
                )
        for curve in found.curves:
            if curve.saved.value is not None:
                host.gauge("experience.task.learned", "ratio", service=service, task=curve.task).set(
                    curve.saved.value
                )


def accessibility(host: Host, service: str, share: float) -> None:
    """Record the share of an application's pages on which axe finds nothing to mend."""
    host.gauge("experience.accessibility", "ratio", service=service).set(share)
