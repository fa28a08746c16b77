"""An example of a plugin package for Touchstone. Copy it and change it."""
