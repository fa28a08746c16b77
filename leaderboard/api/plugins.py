"""The installed plugins and the schemas of their settings."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import BaseModel, Field

from leaderboard.contracts.registry import FAMILIES, Registry

router = Router(tags=["plugins"])


class PluginItem(BaseModel):
    """A plugin. One that cannot be loaded has an `error` and no schema."""

    family: str
    name: str
    distribution: str | None
    distribution_version: str | None
    version: str | None = None
    title: str | None = None
    params: dict[str, Any] | None = Field(default=None, description="JSON Schema of the plugin's settings.")
    error: str | None = None


class PluginList(BaseModel):
    """Every installed and allowed plugin."""

    items: list[PluginItem]


@router.get("/plugins", response=PluginList)
def list_plugins(request: HttpRequest) -> Any:
    """Every plugin by family and name; one that is broken is listed with its error."""
    return PluginList(items=[_item(family, name) for family in FAMILIES.values() for name in family.names()])


def _item(family: Registry[Any], name: str) -> PluginItem:
    owner = next((listing for listing in family.listings() if listing.name == name), None)
    item = PluginItem(
        family=family.family,
        name=name,
        distribution=owner.distribution if owner else None,
        distribution_version=owner.version if owner else None,
    )
    try:
        kind = family.get(name)
        found = {"version": str(kind.version), "title": str(kind.title), "params": kind.Params.model_json_schema()}
    except Exception as problem:  # a broken guest is listed; it must not hide the others
        return item.model_copy(update={"error": str(problem)})
    return item.model_copy(update=found)
