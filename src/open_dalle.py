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
    import dall_e

    if not hasattr(dall_e, "DALL_E"):
        sys.exit(f"dall-e: error: {MEND}")

    from dall_e.cli import main as run_command_line

    run_command_line()
