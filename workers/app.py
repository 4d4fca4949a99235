"""The Celery application of the workers: `celery -A workers.app` finds it too."""

from __future__ import annotations

from celery import Celery

from common.adapters.queue import Routes, celery_app
from common.settings import Settings
from workers import signals, tasks


def make_app(settings: Settings) -> Celery:
    """The application with its tasks and signals, for one worker process."""
    routes = Routes.parse(settings.worker.shards, settings.worker.edge_queues)
    app = celery_app(settings.redis.url, settings.worker.queues or routes.all_queues())
    tasks.register(app)
    signals.connect(settings)
    return app
