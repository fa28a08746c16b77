#!/usr/bin/env python
"""Touchstone's command line."""

import gc
import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
    # To load and to migrate makes much and drops little: a collection after each 700 objects takes a fifth of the time.
    gc.set_threshold(20_000)
    # A module's name cannot hold a hyphen, a command's may.
    execute_from_command_line(
        [word.replace("-", "_") if at == 1 and not word.startswith("-") else word for at, word in enumerate(sys.argv)]
    )
