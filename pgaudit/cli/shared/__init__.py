"""What several commands need: options, files, the screen, and how commands are loaded."""
