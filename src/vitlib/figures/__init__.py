"""The pictures of the book, one module a chapter."""
