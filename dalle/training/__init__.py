"""Training of all networks: captioned pictures, training loops, measurements."""
