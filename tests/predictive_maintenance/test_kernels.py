"""Fixed kernels: against a plain convolution, the same everywhere, and aeon's where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from kits.core.errors import DataError
from kits.predictive_maintenance._signals.features import FeatureSpec, extract
from kits.predictive_maintenance._signals.kernels import (
    KERNELS,
    KernelSpec,
    fit_kernels,
    transform_kernels,
)
from tests.predictive_maintenance.signals import Floats, noise


def windows(count: int = 12, samples: int = 256) -> Floats:
    return noise(count * samples, seed=7).reshape(count, samples)


def kernel_weights() -> np.ndarray:
    """(84, 9) the kernels written out."""
    weights = np.full((len(KERNELS), 9), -1.0)
    for number, places in enumerate(KERNELS):
        weights[number, list(places)] = 2
    return weights


def test_there_are_84_kernels_whose_weights_sum_to_zero() -> None:
    weights = kernel_weights()
    assert weights.shape == (84, 9)
    assert (weights.sum(axis=1) == 0).all()
    assert set(np.unique(weights)) == {-1.0, 2.0}
    assert len({tuple(row) for row in weights}) == 84


def plain(window: Floats, spec: KernelSpec) -> list[float]:
    """The transform as the paper words it, one kernel, dilation and bias after the other."""
    shares = []
    at = 0
    for order, (dilation, count) in enumerate(zip(spec.dilations, spec.per_dilation)):
        for number, weights in enumerate(kernel_weights()):
            reach = 4 * dilation
            padded = np.pad(window.astype(np.float64), reach)
            answer = sum(
                w * padded[i * dilation : i * dilation + window.size] for i, w in enumerate(weights)
            )
            if (number + order) % 2:
                answer = answer[reach:-reach]
            for _ in range(count):
                shares.append(float((answer > spec.biases[at]).mean()))
                at += 1
    return shares


def test_the_transform_is_a_plain_dilated_convolution() -> None:
    given = windows()
    spec = fit_kernels(given, 500, seed=1)
    found = transform_kernels(given[:2], spec)
    assert found.shape == (2, spec.features) == (2, 84 * 5)
    assert found[0] == pytest.approx(plain(given[0], spec), abs=0.01)
    assert np.abs(found[0] - plain(given[0], spec)).mean() < 1e-4


def test_kernels_follow_from_data_and_seed_alone() -> None:
    given = windows()
    assert fit_kernels(given, 300, seed=1) == fit_kernels(given, 300, seed=1)
    assert fit_kernels(given, 300, seed=1) != fit_kernels(given, 300, seed=2)


def test_an_offset_does_not_matter_away_from_the_edges() -> None:
    given = windows()
    spec = fit_kernels(given, 84, seed=0)
    moved = transform_kernels(given + 3, spec) - transform_kernels(given, spec)
    unpadded = np.arange(84) % 2 == 1
    assert np.abs(moved[:, unpadded]).max() < 0.02


def test_shares_stay_between_none_and_all_and_spread() -> None:
    given = windows(40)
    found = transform_kernels(given, fit_kernels(given, 1000, seed=0))
    assert found.min() >= 0
    assert found.max() <= 1
    assert 0.4 < found.mean() < 0.6


def test_kernels_tell_shapes_apart_that_have_the_same_power() -> None:
    rng = np.random.default_rng(0)
    fast = np.sin(np.arange(256) * 0.9 + rng.uniform(0, 6, (20, 1))).astype(np.float32)
    slow = np.sin(np.arange(256) * 0.1 + rng.uniform(0, 6, (20, 1))).astype(np.float32)
    spec = fit_kernels(np.vstack([fast[:10], slow[:10]]), 168, seed=0)
    a, b = transform_kernels(fast, spec), transform_kernels(slow, spec)
    gap = np.abs(a[:10].mean(0) - b[:10].mean(0)) / (a[:10].std(0) + b[:10].std(0) + 0.01)
    best = gap.argsort()[-10:]
    middle = (a[:10, best].mean(0) + b[:10, best].mean(0)) / 2
    side = np.sign(a[:10, best].mean(0) - middle)
    assert (((a[10:, best] - middle) * side).sum(axis=1) > 0).all()
    assert (((b[10:, best] - middle) * side).sum(axis=1) < 0).all()


def test_a_missing_reading_spoils_its_own_window_only() -> None:
    given = windows()
    spec = fit_kernels(given, 84, seed=0)
    given[3, 9] = np.nan
    found = transform_kernels(given, spec)
    assert np.isnan(found[3]).all()
    assert np.isfinite(np.delete(found, 3, axis=0)).all()


def test_fitted_kernels_are_a_group_of_a_specification() -> None:
    given = windows()
    fitted = fit_kernels(given, 84, seed=0)
    spec = FeatureSpec(groups=("kernels",), kernels=fitted, window=256)
    assert FeatureSpec.model_validate_json(spec.model_dump_json()) == spec
    assert np.array_equal(extract(given, 0.0, None, spec), transform_kernels(given, fitted))


@pytest.mark.parametrize("samples", [9, 10, 17, 40])
def test_short_windows_have_kernels_too(samples: int) -> None:
    given = windows(5, samples)
    found = transform_kernels(given, fit_kernels(given, 300, seed=0))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(
    "given", [windows(2, 8), windows(1)[0], np.full((2, 50), np.nan, np.float32)]
)
def test_what_kernels_cannot_learn_from_is_refused(given: Floats) -> None:
    with pytest.raises(DataError):
        fit_kernels(given, 84, seed=0)


def test_windows_of_another_length_are_refused() -> None:
    spec = fit_kernels(windows(), 84, seed=0)
    with pytest.raises(DataError, match="100 readings, kernels for 256"):
        transform_kernels(windows(2, 100), spec)


def test_the_transform_is_that_of_aeon() -> None:
    reference = pytest.importorskip("aeon.transformations.collection.convolution_based")
    given = windows()
    theirs = reference.MiniRocket(n_kernels=840, random_state=0)
    expected = np.asarray(theirs.fit_transform(given[:, None, :]))
    _, _, dilations, counts, biases = theirs.parameters
    spec = KernelSpec(
        samples=256,
        dilations=tuple(int(d) for d in dilations),
        per_dilation=tuple(int(c) for c in counts),
        biases=tuple(float(b) for b in biases),
    )
    own = fit_kernels(given, 840, seed=0)
    assert (own.dilations, own.per_dilation) == (spec.dilations, spec.per_dilation)
    assert transform_kernels(given, spec) == pytest.approx(expected, abs=0.01)
    assert len(KERNELS) * sum(spec.per_dilation) == expected.shape[1]
