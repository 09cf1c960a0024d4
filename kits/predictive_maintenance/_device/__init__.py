"""What runs on the device: rows, approaches and their traces. numpy, the session and the signals only."""
