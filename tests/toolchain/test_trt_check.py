"""TensorRT's parser accepts what devices can build, and refuses the rest in words."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kits.toolchain import quantize, trt_check

pytestmark = pytest.mark.skipif(
    not trt_check.available(), reason="the extra trt-check is not installed"
)


@pytest.fixture
def dots(dots_kit: Path) -> object:
    from dots_kit import export

    return export


def test_convolutions_pass(dots) -> None:
    assert trt_check.check_onnx(dots.network(12.0, 0.6)) == ()


def test_output_of_unknown_size_is_refused_with_the_node(dots) -> None:
    (complaint,) = trt_check.check_onnx(dots.network(12.0, 0.6, non_zero=True))
    assert "NonZero 'found'" in complaint
    assert "post-processing" in complaint


def test_unsigned_int8_is_refused_with_the_way_out(dots) -> None:
    rng = np.random.default_rng(0)
    feeds = tuple({"image": rng.random((1, 1, 16, 16), np.float32)} for _ in range(8))
    calibration = quantize.Calibration(feeds, "d")
    unsigned = quantize.to_int8(dots.network(12.0, 0.6), calibration, "cpu")
    complaints = trt_check.check_onnx(unsigned)
    assert complaints
    assert "symmetric signed INT8" in complaints[0]


def test_bytes_that_are_no_model_are_refused(dots) -> None:
    assert trt_check.check_onnx(b"no model at all") != ()
