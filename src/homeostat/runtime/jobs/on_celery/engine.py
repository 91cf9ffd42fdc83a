"""Celery as we set it up: acknowledged late, delivered again soon after a worker is gone."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from celery import Celery
from kombu import Queue
from kombu.exceptions import KombuError

from homeostat.core.errors import NotAvailable
from homeostat.runtime.jobs.on_celery.redis_transport import TRANSPORT
from homeostat.runtime.jobs.record import PRIORITY_MAX
from homeostat.runtime.jobs.settings import Settings

TASK = "homeostat.job"
HEARTBEAT_S = 10.0

SHORT_S = 1
"""Redis: how often a worker looks for what others left unacknowledged. Kombu's own is 100 s."""


def celery_app(settings: Settings, run: Callable[[str], None]) -> Celery:
    """Return the Celery application; `run` is called with a job's id, in a thread of Celery's pool."""
    redis = settings.address.startswith("redis")
    queue = f"homeostat.{settings.name}"
    app = Celery(queue, broker=settings.address, set_as_current=False)
    app.conf.update(
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        task_default_queue=queue,
        task_queues=[Queue(queue, queue_arguments={} if redis else {"x-max-priority": PRIORITY_MAX})],
        task_create_missing_queues=False,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        worker_send_task_events=False,
        broker_transport=TRANSPORT if redis else None,
        broker_heartbeat=0 if redis else HEARTBEAT_S,
        broker_connection_retry_on_startup=True,
        broker_transport_options=_redis_options(settings, queue) if redis else {"confirm_publish": True},
    )
    app.task(name=TASK, shared=False)(run)
    return app


def _redis_options(settings: Settings, queue: str) -> dict[str, Any]:
    return {
        "visibility_timeout": settings.lease_s,
        "unacked_restore_interval": SHORT_S,
        "unacked_restore_throttle": SHORT_S,
        "unacked_restore_limit": 1_000,
        "unacked_mutex_expire": 5,  # who is killed while restoring keeps others from it for as long
        "global_keyprefix": f"{queue}.",
        "queue_order_strategy": "priority",
        "priority_steps": list(range(PRIORITY_MAX + 1)),
    }


class Sender:
    """Sends messages that name a job, in one thread of its own: Celery's publishing blocks."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        # Redis lists are taken lowest first, RabbitMQ's priorities highest first.
        self._turned = app.conf.broker_url.startswith("redis")
        self._thread = ThreadPoolExecutor(1, "homeostat-jobs-sender")
        with app.connection_for_write() as unconnected:
            known = unconnected.connection_errors + unconnected.channel_errors
        self._errors: tuple[type[BaseException], ...] = (KombuError, OSError, *known)

    async def send(self, jobs: Sequence[tuple[str, int]]) -> None:
        """Send one message for each job and its priority. Raises NotAvailable."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._send, jobs)

    def _send(self, jobs: Sequence[tuple[str, int]]) -> None:
        try:
            with self._app.producer_pool.acquire(block=True) as producer:
                for id, priority in jobs:
                    turned = PRIORITY_MAX - priority if self._turned else priority
                    self._app.send_task(
                        TASK, (id,), priority=turned, producer=producer, retry=False, ignore_result=True
                    )
        except self._errors as error:
            raise NotAvailable(f"the broker of the jobs takes no messages: {error}") from error

    async def waiting(self) -> int:
        """Return how many messages the broker holds for whoever comes. Raises NotAvailable."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._waiting)

    def _waiting(self) -> int:
        queue: Any = self._app.amqp.queues[self._app.conf.task_default_queue]
        connection: Any = self._app.connection_for_read()
        try:
            with connection:
                return int(queue.bind(connection.default_channel).queue_declare().message_count)
        except self._errors as error:
            raise NotAvailable(f"the broker of the jobs does not say what it holds: {error}") from error

    async def close(self) -> None:
        """Close the connections."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._app.close)
        self._thread.shutdown(wait=False)
