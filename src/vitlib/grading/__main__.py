"""`python -m vitlib.grading`, the same as `vitlib-grade`."""

from vitlib.grading.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
