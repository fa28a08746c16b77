"""The WSGI entry point."""

import gc
import os

from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "leaderboard.settings")
gc.disable()  # to collect while the site loads takes a fifth of that time, and finds nothing
application = get_wsgi_application()
# What is loaded stays. A full collection that looks through all of it stops every thread for a tenth of a second.
assert get_resolver().url_patterns
gc.freeze()
gc.enable()
