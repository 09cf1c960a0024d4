"""The verbs of `cloud-sync`, one file per family; each has `register(app)`."""
