"""What comes from CRMs: messages into the inbox, and records that are asked for, by polling and by sweeps."""
