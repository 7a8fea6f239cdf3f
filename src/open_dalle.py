"""The command `dall-e`, from outside the package `dall_e`, which another project may have replaced.

OpenAI's package DALL-E has the same module name. Installed beside this project, it writes over our
files or stands before them, and no code of ours inside of `dall_e` is run.
"""

import sys

MEND = (
    "OpenAI's package DALL-E has the module name dall_e too, and was installed over this project: "
    "pip uninstall DALL-E, and then install this project again"
)


def main() -> None:
    """Run the command line, or say why there is none."""
    try:
        import dall_e

        # Asked by name alone: `hasattr` would import all of the model, for seconds.
        if "DALL_E" not in dir(dall_e):
            sys.exit(f"dall-e: error: {MEND}")

        from dall_e.cli import main as run_command_line
    except MemoryError:
        sys.exit("dall-e: error: not enough memory to start")

    run_command_line()
