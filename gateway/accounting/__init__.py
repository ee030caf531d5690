"""What requests use: where it is written, and how it is estimated where no provider reports it."""
