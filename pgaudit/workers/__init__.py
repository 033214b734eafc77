"""Where many calls of one function run: in this process, in others of this machine, or on a cluster. One that ends its
process stops no other.
"""
