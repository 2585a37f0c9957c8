"""The book's own machinery; readers do not need it."""
