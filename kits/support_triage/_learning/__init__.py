"""How the models of a bundle are learned from labelled mails. Heavy libraries are imported inside functions."""
