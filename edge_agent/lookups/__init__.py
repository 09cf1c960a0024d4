"""Records of the firm's own systems, as a reply needs them."""
