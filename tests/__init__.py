"""What Elevate promises, one file for each behaviour."""
