"""Wrong answers, a module for each chapter's exercises."""
