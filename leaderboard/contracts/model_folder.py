"""Which model a name means: a folder the operator allows, or a pinned commit on the hub. Imports no torch."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationInfo, field_validator

from leaderboard.contracts.fingerprint import fingerprint
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import ModelIdentity

SETTING = "TOUCHSTONE_MODELS"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
COMMIT = re.compile(r"[0-9a-f]{40}")
UNSAFE = ("*.bin", "*.pt", "*.pth", "*.ckpt")
DIGESTED = (
    "config.json",
    "generation_config.json",
    "tokenizer*",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab*",
    "merges.txt",
    "*.model",
    "chat_template*",
    "additional_chat_templates/*",
    "*.safetensors",
    "*.safetensors.index.json",
)
"""Everything that transformers reads and that can change an output."""

_digests: dict[tuple[str, int, int], str] = {}


class WeightsParams(Params):
    """Which weights to load, and how. The revision of a folder is filled in with its digest."""

    model: str = Field(title="Model", description="A folder such as pebble-m, or a hub id such as org/name.")
    revision: str = Field(default="", title="Revision", description="For a hub id: the commit. Empty for a folder.")
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = Field(
        default="auto", title="Number type", description="auto is float32 on a CPU and bfloat16 on a GPU."
    )
    device: Literal["auto", "cpu", "cuda"] = Field(
        default="auto", title="Device", description="auto takes a GPU if there is one."
    )

    @field_validator("revision")
    @classmethod
    def _digested(cls, revision: str, info: ValidationInfo) -> str:
        """A folder's digest, so that settings which are stored name their weights. What is wrong is told later."""
        try:
            return identify(str(info.data["model"]), revision).revision
        except (InvalidInput, KeyError):
            return revision

    def chosen(self, *, cuda: bool) -> tuple[str, str]:
        """Device and number type by name; `cuda`: whether there is a GPU."""
        device = ("cuda" if cuda else "cpu") if self.device == "auto" else self.device
        return device, self.dtype if self.dtype != "auto" else ("bfloat16" if device == "cuda" else "float32")


@dataclass(frozen=True)
class LocalModel:
    """A model folder below one of the allowed roots; both paths are resolved."""

    root: Path
    folder: Path

    @property
    def name(self) -> str:
        """The folder's path below its root."""
        return self.folder.relative_to(self.root).as_posix()


def roots() -> tuple[Path, ...]:
    """The folders that may hold models: TOUCHSTONE_MODELS, else the repository's `models`."""
    given = [part for part in os.environ.get(SETTING, "").split(os.pathsep) if part]
    chosen = [Path(part) for part in given] or [Path(__file__).parents[2] / "models"]
    return tuple(path.resolve() for path in chosen)


def identify(model: str, revision: str) -> ModelIdentity:
    """The pinned identity of `model`. Raises InvalidInput at ("model",) or ("revision",)."""
    local = find_local(model)
    if local is None:
        return _identify_hub(model, revision)
    digest = folder_digest(local)
    if revision not in ("", digest):
        raise _fault(
            "revision",
            said("The folder has changed: its digest is now {digest}. Leave the revision empty.", digest=digest),
        )
    return ModelIdentity("local", local.name, digest)


def origin(params: WeightsParams) -> tuple[str, dict[str, Any]]:
    """What `from_pretrained` is called with to load just these weights, and no code.

    Raises InvalidInput, also where a folder has changed since its digest was taken.
    """
    local = find_local(params.model)
    identify(params.model, params.revision)
    safe: dict[str, Any] = {"trust_remote_code": False}
    if local is None:
        return params.model, {**safe, "revision": params.revision}
    return str(local.folder), {**safe, "local_files_only": True}


def find_local(model: str) -> LocalModel | None:
    """The allowed folder that `model` names, or None where it can only be a hub id. Raises InvalidInput."""
    for root in roots():
        for path in (root / model, root.parent / model):
            folder = path.resolve()
            if folder.is_dir() and folder != root and folder.is_relative_to(root):
                return _checked(LocalModel(root, folder))
    if HUB_ID.fullmatch(model) and ".." not in model:
        return None
    allowed = ", ".join(map(str, roots()))
    raise _fault(
        "model",
        said(
            "There is no such folder below {allowed}. The operator sets these folders with {setting}.",
            allowed=allowed,
            setting=SETTING,
        ),
    )


def _identify_hub(model: str, revision: str) -> ModelIdentity:
    if not COMMIT.fullmatch(revision):
        raise _fault(
            "revision",
            said(
                "'{model}' is neither a model folder here nor pinned. For a hub model, give the 40-digit commit.",
                model=model,
            ),
        )
    return ModelIdentity("hub", model, revision)


def _checked(local: LocalModel) -> LocalModel:
    folder = local.folder
    if not (folder / "config.json").is_file():
        raise _fault("model", said("The folder {name} has no config.json.", name=local.name))
    if not any(folder.glob("*.safetensors")):
        unsafe = any(any(folder.glob(pattern)) for pattern in UNSAFE)
        reason = (
            said("only pickled weights, which can run code; convert them to safetensors")
            if unsafe
            else said("no weights")
        )
        raise _fault("model", said("The folder {name} holds {reason}.", name=local.name, reason=reason))
    if (folder / "adapter_config.json").exists():
        raise _fault(
            "model", said("The folder {name} is an adapter; merge it into its base model first.", name=local.name)
        )
    for path in digested_files(folder):
        if not path.resolve().is_relative_to(local.root):
            raise _fault(
                "model",
                said(
                    "{name}/{name_2} is a link that leads out of the model folder.", name=local.name, name_2=path.name
                ),
            )
    _check_shards(local)
    return local


def _check_shards(local: LocalModel) -> None:
    """Refuses an index that names anything but safetensors files in the same folder."""
    for index in local.folder.glob("*.safetensors.index.json"):
        try:
            names = set(json.loads(index.read_bytes())["weight_map"].values())
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _fault(
                "model", said("{name}/{name_2} is not a readable index.", name=local.name, name_2=index.name)
            ) from None
        if any(Path(str(name)).name != name or not str(name).endswith(".safetensors") for name in names):
            raise _fault(
                "model",
                said(
                    "{name}/{name_2} names files other than safetensors in its folder.",
                    name=local.name,
                    name_2=index.name,
                ),
            )


def digested_files(folder: Path) -> list[Path]:
    """The files that make up a model's revision, sorted."""
    return sorted({path for pattern in DIGESTED for path in folder.glob(pattern) if path.is_file()})


def folder_digest(local: LocalModel) -> str:
    """SHA-256 (hex) over names and contents of `digested_files`."""
    return fingerprint(
        [[p.relative_to(local.folder).as_posix(), _file_digest(p)] for p in digested_files(local.folder)]
    )


def _file_digest(path: Path) -> str:
    stat = path.stat()
    key = (str(path), stat.st_mtime_ns, stat.st_size)
    if key not in _digests:
        with path.open("rb") as file:
            _digests[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _digests[key]


def _fault(name: str, message: str) -> InvalidInput:
    return InvalidInput(FieldError((name,), message))
