"""Texts as safe HTML, kept by content. Disposable: what is missing is made again."""

from __future__ import annotations

from django.db import models


class Rendering(models.Model):
    """One text as HTML; `key` is the digest of the renderer's version and the text."""

    key = models.CharField(max_length=64, primary_key=True)
    html = models.TextField()

    def __str__(self) -> str:
        return self.key[:12]
