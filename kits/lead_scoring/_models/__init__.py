"""The models of a bundle at work: additive log-odds, boosted trees, calibration, exact contributions."""
