"""Calls that were ordered at an endpoint's Batch API, which answers within a day. Working data, not facts."""

from __future__ import annotations

import uuid

from django.db import models

from leaderboard.models.facts import Judge
from leaderboard.models.pipeline import Job, Submission


class BatchOrder(models.Model):
    """One batch. It is stored before the endpoint hears of it, and the endpoint keeps `token` with it.

    `scope`: the key of the job that it works for, which the parts of a divided job share. `source`: endpoint and model.
    `settings`: those of the generator, whose key is a reference. `about`: names of what is judged by its calls.
    `status`, `total`, `done` and `failed` are the endpoint's own words. `reads`: how often its files were read.
    """

    class State(models.TextChoices):
        NEW = "new", "new"
        OPEN = "open", "open"
        CLOSED = "closed", "closed"

    token = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    scope = models.CharField(max_length=200, db_index=True)
    job = models.ForeignKey(Job, null=True, on_delete=models.SET_NULL, related_name="orders")
    submission = models.ForeignKey(Submission, null=True, on_delete=models.CASCADE, related_name="orders")
    judge = models.ForeignKey(Judge, null=True, on_delete=models.PROTECT, related_name="orders")
    source = models.CharField(max_length=600)
    generator = models.CharField(max_length=60)
    settings = models.JSONField(default=dict)
    about = models.JSONField(default=list)
    state = models.CharField(max_length=8, choices=State.choices, default=State.NEW)
    file_id = models.CharField(max_length=200, blank=True)
    remote_id = models.CharField(max_length=200, blank=True)
    status = models.CharField(max_length=40, blank=True)
    total = models.PositiveIntegerField(default=0)
    done = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    reads = models.PositiveIntegerField(default=0)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return f"batch {self.remote_id or self.token}"


class BatchCall(models.Model):
    """One call of an order, by the content of its request; `reply` is the endpoint's answer, empty where there is none.

    JSON as text, whose escapes every database can hold. `final`: asking again would bring the same `error`.
    """

    order = models.ForeignKey(BatchOrder, on_delete=models.CASCADE, related_name="calls")
    key = models.CharField(max_length=64)
    reply = models.TextField(blank=True)
    error = models.TextField(blank=True)
    final = models.BooleanField(default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["order", "key"], name="one_call_an_order")]

    def __str__(self) -> str:
        return self.key
