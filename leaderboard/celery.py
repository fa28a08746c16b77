"""The Celery app: a doorbell only. The job table decides what is done; messages carry one job id."""

from __future__ import annotations

import os

from celery import Celery
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")

app = Celery("touchstone")


def _transport_options() -> dict[str, object]:
    if not settings.CELERY_BROKER_URL.startswith("filesystem"):
        return {"socket_connect_timeout": 3, "socket_timeout": 30, "visibility_timeout": 3600}
    folder = settings.DOORBELL_DIR
    for name in ("messages", "control"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    messages = str(folder / "messages")
    return {"data_folder_in": messages, "data_folder_out": messages, "control_folder": str(folder / "control")}


app.conf.update(
    broker_url=settings.CELERY_BROKER_URL,
    broker_transport_options=_transport_options(),
    broker_connection_retry_on_startup=True,
    imports=("workers.tasks",),
    task_acks_late=True,
    task_ignore_result=True,
    task_default_queue="default",
    task_publish_retry=False,  # a lost message is re-sent by the sweep; a page must not wait for the broker
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    worker_redirect_stdouts=False,
    worker_enable_remote_control=False,
    worker_send_task_events=False,
    timezone="UTC",
    beat_schedule={"sweep": {"task": "touchstone.sweep", "schedule": settings.SWEEP_SECONDS}},
    beat_schedule_filename=str(settings.DATA_DIR / "beat-schedule"),
)
