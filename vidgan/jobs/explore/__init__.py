"""A local web page to look at runs and to try them."""
