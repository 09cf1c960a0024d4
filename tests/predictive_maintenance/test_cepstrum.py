"""Families of lines, and levels on the mel scale."""

from __future__ import annotations

import numpy as np
import pytest

from kits.predictive_maintenance._signals.cepstrum import cepstrum, families
from kits.predictive_maintenance._signals.features import FeatureSpec, extract, names
from kits.predictive_maintenance._signals.mel import log_mel, triangles
from kits.predictive_maintenance._signals.spectrum import transform
from tests.predictive_maintenance.signals import RATE, Floats, noise, sine


def family(spacing_hz: float, seconds: float = 1.0) -> Floats:
    lines = [sine(k * spacing_hz, seconds) for k in range(1, int(5500 / spacing_hz))]
    return np.sum(lines, axis=0) + noise(round(seconds * RATE), spread=0.05)


def test_the_cepstrum_is_that_of_the_textbook() -> None:
    found = transform(noise(4096)[None, :], RATE)
    level = np.log(found.power.astype(np.float64))
    expected = np.fft.irfft(level - level.mean(), n=4096)[0, :2048]
    assert cepstrum(found)[0] == pytest.approx(expected, abs=2e-3)


def test_a_family_of_lines_is_one_peak_at_its_spacing() -> None:
    found = cepstrum(transform(family(100.0)[None, :], RATE))[0]
    assert 60 + found[60:200].argmax() == pytest.approx(RATE / 100, abs=1)


def test_a_family_stands_out_at_its_own_spacing_alone() -> None:
    given = transform(family(100.0)[None, :], RATE)
    own, other = families(given, np.array([[100.0, 73.0]]))[0]
    assert own > 8
    assert other < own / 2


def test_a_spacing_that_cannot_be_seen_is_missing() -> None:
    found = families(
        transform(noise(4096)[None, :], RATE), np.array([[0.0, 1.0, 5000.0, np.nan, 50.0]])
    )
    assert np.isnan(found[0, :4]).all()
    assert np.isfinite(found[0, 4])


def test_mel_levels_of_a_tone_are_loudest_in_its_band() -> None:
    given = transform(sine(1000.0, 1.0)[None, :], RATE)
    levels = log_mel(given, 24)[0]
    corners = np.linspace(0, 2595 * np.log10(1 + 6000 / 700), 26)
    middles = 700 * (10 ** (corners[1:-1] / 2595) - 1)
    assert abs(levels.argmax() - np.abs(middles - 1000).argmin()) <= 1
    assert 10 ** levels.max() <= 0.5 * 1.01


def test_triangles_add_up_to_one_between_the_outer_middles() -> None:
    weights = triangles(2049, RATE / 4096, 24, 0.0, RATE / 2)
    inside = weights.sum(axis=1)[80:1700]
    assert inside == pytest.approx(1, abs=1e-5)
    assert (triangles(33, RATE / 64, 60, 0.0, RATE / 2).sum(axis=0) > 0).all()


def test_the_groups_are_columns_of_a_specification() -> None:
    spec = FeatureSpec(groups=("mel", "cepstrum"), rate_hz=RATE, mel_bands=16, families=(1.0, 20.0))
    found = extract(noise(3 * 4096).reshape(3, 4096), RATE, 25.0, spec)
    assert names(spec)[-2:] == ("family_1x", "family_20x")
    assert found.shape == (3, 18)
    assert np.isfinite(found).all()
