"""Callbacks of training libraries: the audit of a run, made when its training begins. Each needs its library."""
