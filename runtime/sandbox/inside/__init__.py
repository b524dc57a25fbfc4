"""What runs in the other processes: the zygote, and the workers with their sources."""
