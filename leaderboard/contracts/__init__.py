"""What plugins and the service agree on: value types, protocols, the registry, fingerprints.

Standard library and pydantic only; nothing here may import Django, torch or a plugin.
"""
