"""Kombu's transport for Redis, with one rule changed: a message that cannot be settled is held no longer."""

from contextlib import ExitStack
from typing import Any

from kombu.transport import redis, virtual


class Credit(redis.QoS):
    """Counts what a worker holds: with as much as it may hold, Kombu does not look at the connection.

    Kombu goes on counting a message whose acknowledgement failed. Where all failed, nothing ever came again,
    neither a message nor the news that the connection is broken. Such a message is in Redis still, and is
    delivered again when its visibility ends.
    """

    def ack(self, delivery_tag: str) -> None:
        """Forget a message."""
        with ExitStack() as failed:
            failed.callback(virtual.QoS.ack, self, delivery_tag)
            super().ack(delivery_tag)
            failed.pop_all()

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Give a message back, or forget it."""
        with ExitStack() as failed:
            failed.callback(virtual.QoS.ack, self, delivery_tag)
            super().reject(delivery_tag, requeue)
            failed.pop_all()


class CreditChannel(redis.Channel):
    """A channel that counts so."""

    QoS = Credit


class Transport(redis.Transport):
    """Kombu's transport with such channels; Celery finds it by `TRANSPORT`."""

    Channel: Any = CreditChannel


TRANSPORT = f"{__name__}:{Transport.__name__}"
