"""The format `captures`: a file per waveform, one sample per file."""
