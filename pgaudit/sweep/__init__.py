"""Many models × many configs."""
