"""What became of the leads: samples to learn from, and watches over whether scores still hold."""
