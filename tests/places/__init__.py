"""Where pgaudit is used beside the command line: hooks and CI jobs, each run as its host runs it, without network."""
