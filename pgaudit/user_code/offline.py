"""Models are built from code alone: a constructor that would fetch or read weights on its own is stopped."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from pgaudit.core.errors import ModelError
from pgaudit.text import visible

_HUBS = ("hf-hub", "hf_hub", "local-dir", "https", "http")
_HINT = "leave it out: a model is built without weights"


class WeightsRefused(RuntimeError):
    """Raised inside a model's constructor where it asks torch.hub for weights, or the network for anything."""


def refuse_weights(ref: str, args: Mapping[str, Any]) -> None:
    """Raises ModelError for a reference or an argument that asks for weights."""
    name = ref.removeprefix("timm:")
    for hub in _HUBS:
        if name.startswith(f"{hub}:"):
            architecture = name.partition(":timm/")[2].partition(".")[0] or "resnet50"
            raise ModelError(
                f"{visible(ref)} would be fetched from a hub; models are built from code alone, offline",
                f"name the architecture itself, such as `{visible(architecture)}`",
            )
    for argument, value in args.items():
        if value and (argument.startswith(("pretrained", "weights")) or argument == "checkpoint_path"):
            raise ModelError(f"`{visible(argument)}` would load weights; parameter groups do not depend on them", _HINT)


@contextlib.contextmanager
def without_network() -> Iterator[None]:
    """Makes every connection to another machine raise :class:`WeightsRefused`."""
    import socket

    def refuse(*_: object, **__: object) -> None:
        raise WeightsRefused("the model asks the network for something")

    def connect(self: socket.socket, address: Any) -> None:
        if self.family != getattr(socket, "AF_UNIX", None):
            refuse()
        super(socket.socket, self).connect(address)

    saved, around = socket.getaddrinfo, vars(socket.socket).get("connect")  # which is inherited, unless it is refused
    try:
        socket.getaddrinfo = refuse  # type: ignore[assignment]
        socket.socket.connect = connect  # type: ignore[method-assign, assignment]
        yield
    finally:
        socket.getaddrinfo = saved
        if around is None:
            del socket.socket.connect
        else:
            socket.socket.connect = around  # type: ignore[method-assign]


@contextlib.contextmanager
def without_weights() -> Iterator[None]:
    """Makes torch.hub's loaders, which torchvision's models call, raise :class:`WeightsRefused`."""
    import torch.hub

    def refuse(*_: object, **__: object) -> None:
        raise WeightsRefused("the model asks torch.hub for weights")

    # load_state_dict_from_url is bound by name elsewhere; it asks get_dir first, even for what is already on the disk.
    names = ("get_dir", "download_url_to_file", "load_state_dict_from_url")
    saved = {name: getattr(torch.hub, name) for name in names}
    try:
        for name in names:
            setattr(torch.hub, name, refuse)
        yield
    finally:
        for name, function in saved.items():
            setattr(torch.hub, name, function)
