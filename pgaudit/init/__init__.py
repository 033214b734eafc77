"""A folder and a model → a first policy in the words of the library that trains there, proved by an audit."""
