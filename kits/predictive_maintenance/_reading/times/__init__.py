"""When rows were recorded, and which stretches of time are what."""
