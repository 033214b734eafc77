"""The lr over time: the real classes of each library, stepped on stand-ins for an optimizer's groups."""
