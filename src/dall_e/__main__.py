"""`python -m dall_e` is `dall-e`."""

from dall_e.cli import main

if __name__ == "__main__":
    main()
