"""How the models of a bundle are learned from decided leads. Heavy libraries are imported inside functions."""
