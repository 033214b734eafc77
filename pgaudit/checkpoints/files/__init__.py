"""Single files → what they hold, whatever format they are in."""
