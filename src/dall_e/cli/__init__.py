"""The command `dall-e`: wiring of the sub-commands, and errors as one line without a traceback."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import sys
import warnings
from typing import Annotated, Any, cast

import typer

from dall_e.cli.lazy_commands import lazy_group
from dall_e.cli.output import drop_output

# Where the commands are, in the order of help.
app = typer.Typer(
    name="dall-e",
    cls=lazy_group(
        {
            "generate": "generate:generate",
            "reproduce": "reproduce:reproduce",
            "edit": "edit:edit",
            "outpaint": "outpaint:outpaint",
            "variations": "variations:variations",
            "plan": "plan:plan",
            "sheet": "sheet:sheet",
            "product": "product:product",
            "explain": "explain:explain",
            "edit-prompt": "edit_prompt:edit_prompt",
            "interpolate": "interpolate:interpolate",
            "invert": "invert:invert",
            "info": "info:info",
            "caption": "caption:caption",
            "describe": "describe:describe",
            "search": "search:search",
            "serve": "serve:serve",
            "remember": "remember:remember",
            "finetune": "finetune:finetune",
            "export": "export:export",
            "evaluate": "evaluate:evaluate",
            "convert": "convert:convert",
            "gallery": "gallery:gallery",
            "models": "models:models",
            "styles": "styles:styles",
            "env": "env:env",
        }
    ),
    help="Text to picture with an autoregressive transformer: run, train and ship it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(
    typer.Typer(
        cls=lazy_group(
            {
                "all": "train_all:train_all",
                "tokenizer": "train:tokenizer",
                "generator": "train:generator",
                "adversarial": "train:adversarial",
                "dual-encoder": "train:dual_encoder",
                "upsampler": "train:upsampler",
                "detector": "train:detector",
                "captioner": "train:captioner",
                "adapter": "train:adapter",
            }
        ),
        help="Train one stage; the same command again resumes it.",
        no_args_is_help=True,
    ),
    name="train",
)
app.add_typer(
    typer.Typer(
        cls=lazy_group(
            {
                "build": "data:build_command",
                "check": "data:check_command",
                "show": "data:show_command",
                "pack": "data:pack_command",
                "encode": "data:encode_command",
            }
        ),
        help="Make and look at training data.",
        no_args_is_help=True,
    ),
    name="data",
)
app.add_typer(
    typer.Typer(
        cls=lazy_group(
            {
                "add": "keys:add",
                "list": "keys:list_keys",
                "revoke": "keys:revoke",
            }
        ),
        help="Say who may use a server.",
        no_args_is_help=True,
    ),
    name="keys",
)
app.add_typer(
    typer.Typer(
        cls=lazy_group(
            {
                "verify": "verify:verify",
            }
        ),
        help="Look after the published models.",
        no_args_is_help=True,
    ),
    name="zoo",
)


_NO_MEMORY = "not enough memory: ask for fewer or smaller pictures at a time"


def _print_version(asked: bool) -> None:
    if asked:
        from dall_e.version import __version__

        print(f"dall-e {__version__}")
        raise typer.Exit


# The base of all errors in a command line. Newer typer has its own copy of click, older typer
# imports it.
_CommandLineError = cast("type[Exception]", typer.BadParameter.__mro__[2])


@app.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Print the version and exit.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    # Handled by its callback, before any sub-command.
    del version


@functools.cache
def _all_commands() -> Any:
    """What runs a command line. Commands that were called stay made."""
    return typer.main.get_command(app)


def _warn(message: Warning | str, category: type[Warning], *_where: Any, **_how: Any) -> None:
    if issubclass(category, UserWarning):
        # That nobody reads a warning is no reason to stop.
        with contextlib.suppress(OSError):
            print(f"dall-e: warning: {message}", file=sys.stderr)


def run(arguments: list[str]) -> int:
    """Run one command line (without the program's name) and return the exit code.

    0: done. 1: something that the user can mend, said in one line. 2: the command line is wrong.
    130: interrupted.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            code = _all_commands()(arguments, prog_name="dall-e", standalone_mode=False)
        return _interrupted() if code == 130 else code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except _CommandLineError as error:
        if _is_to_be_told(error):
            error.show()  # type: ignore[attr-defined]
        return int(error.exit_code)  # type: ignore[attr-defined]
    except BrokenPipeError:
        # The reader of the output is gone.
        drop_output()
        return 1
    except (ValueError, OSError, ImportError) as error:
        if _is_to_be_told(error):
            is_library = "failed to map segment" in str(error)
            told = _NO_MEMORY if is_library else _one_line(error)
            print(f"dall-e: error: {told}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        print(f"dall-e: error: {_NO_MEMORY}", file=sys.stderr)
        return 1


def _is_to_be_told(error: BaseException) -> bool:
    """Of processes that train together, all meet what is wrong with a command: one says so.

    What a system refuses may be another thing in each.
    """
    launched = any(os.environ.get(name) for name in ("RANK", "OMPI_COMM_WORLD_RANK", "PMI_RANK"))
    if not launched or isinstance(error, OSError):
        return True
    from dall_e.runtime import is_main_process, num_launched

    return num_launched() == 1 or is_main_process()


def _is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out. torch has no type for it: each device has a text of its own."""
    texts = ("allocate memory", "out of memory", "not enough memory")
    return isinstance(error, MemoryError) or any(text in str(error).lower() for text in texts)


def _interrupted() -> int:
    print("\ndall-e: interrupted", file=sys.stderr)
    return 130


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return " ".join(str(error).split()) or type(error).__name__


def main() -> None:
    """Entry point of `dall-e` and `python -m dall_e`."""
    # Started with closed streams: nothing else may get their numbers, or be printed to instead.
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names may hold bytes that are no text, and a terminal may lack letters: neither is
        # worth an error.
        sys.stdout.reconfigure(
            errors="surrogateescape" if sys.stdout.encoding == "utf-8" else "backslashreplace"
        )
    sys.exit(_flushed(run(sys.argv[1:])))


def _flushed(code: int) -> int:
    """Send what was printed to the disk or the reader; returns the exit code.

    Python would do it at exit too, but complain at length where it cannot.
    """
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        drop_output()
        if not isinstance(error, BrokenPipeError):
            print(f"dall-e: error: cannot write the output: {_one_line(error)}", file=sys.stderr)
        return code or 1
    return code
