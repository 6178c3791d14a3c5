"""`python -m nihbench` is `nih`."""

from nihbench.cli.app import main

if __name__ == "__main__":
    main()
