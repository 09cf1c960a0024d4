"""Releases are signed here: keys and roots, what this machine trusts of a hub, the list of targets."""
