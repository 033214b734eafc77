"""Parameters and modules of a model that is built, in the order in which torch and the constructors meet them."""
