"""Files of any format → plain values, each with its place in the file; and what is wrong with them."""
