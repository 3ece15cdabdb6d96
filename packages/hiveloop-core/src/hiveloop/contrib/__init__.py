"""Small bridges to the standard library."""
