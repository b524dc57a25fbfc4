"""What all instances of a source share, watched and put back."""
