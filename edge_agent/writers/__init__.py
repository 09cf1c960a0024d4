"""Language models that may propose a reply; the kit's check decides what of it stands."""
