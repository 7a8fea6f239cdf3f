"""The command `dall-e`: wiring of the sub-commands, and errors as one line without a traceback."""

from __future__ import annotations

import io
import os
import sys
import warnings
from typing import Annotated, Any, cast

import typer

from dall_e.cli import (
    convert,
    data,
    describe,
    evaluate,
    export,
    gallery,
    generate,
    models,
    search,
    train,
    verify,
)

app = typer.Typer(
    name="dall-e",
    help="Text to picture with an autoregressive transformer: run, train and ship it.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("generate")(generate.generate)
app.command("reproduce")(generate.reproduce)
app.command("describe")(describe.describe)
app.command("search")(search.search)
_train = typer.Typer(
    help="Train one stage; the same command again resumes it.", no_args_is_help=True
)
_train.command("tokenizer")(train.tokenizer)
_train.command("generator")(train.generator)
_train.command("adversarial")(train.adversarial)
_train.command("dual-encoder")(train.dual_encoder)
_train.command("upsampler")(train.upsampler)
_train.command("detector")(train.detector)
app.add_typer(_train, name="train")
_data = typer.Typer(help="Make and look at training data.", no_args_is_help=True)
_data.command("build")(data.build_command)
_data.command("show")(data.show_command)
_data.command("pack")(data.pack_command)
app.add_typer(_data, name="data")
app.command("export")(export.export)
app.command("evaluate")(evaluate.evaluate)
app.command("convert")(convert.convert)
app.command("gallery")(gallery.gallery)
app.command("models")(models.models)
app.command("env")(models.env)
_zoo = typer.Typer(help="Look after the published models.", no_args_is_help=True)
_zoo.command("verify")(verify.verify)
app.add_typer(_zoo, name="zoo")


def _print_version(asked: bool) -> None:
    if asked:
        from dall_e import __version__

        print(f"dall-e {__version__}")
        raise typer.Exit


# The base of all errors in a command line. Newer typer has its own copy of click, older typer
# imports click.
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
    del version  # Handled by its callback, before any sub-command.


def _warn(message: Warning | str, category: type[Warning], *_where: Any, **_how: Any) -> None:
    if issubclass(category, UserWarning):
        print(f"dall-e: warning: {message}", file=sys.stderr)


def run(arguments: list[str]) -> int:
    """Runs one command line (without the program's name) and returns the exit code.

    0 done; 1 the user can do something about it, said in one line; 2 the command line is wrong; 130
    interrupted.
    """
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _warn
            code = app(arguments, prog_name="dall-e", standalone_mode=False)
        return _interrupted() if code == 130 else code if isinstance(code, int) else 0
    except (KeyboardInterrupt, typer.Abort):
        return _interrupted()
    except _CommandLineError as error:
        error.show()  # type: ignore[attr-defined]
        return int(error.exit_code)  # type: ignore[attr-defined]
    except BrokenPipeError:
        _drop_output()  # Its reader is gone.
        return 1
    except (ValueError, OSError, ImportError) as error:
        print(f"dall-e: error: {_one_line(error)}", file=sys.stderr)
        return 1
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        print(
            "dall-e: error: not enough memory: ask for fewer or smaller pictures at a time",
            file=sys.stderr,
        )
        return 1


def _is_out_of_memory(error: BaseException) -> bool:
    """torch has no common type for this: each kind of device raises a RuntimeError with a text of
    its own."""
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
    if isinstance(sys.stdout, io.TextIOWrapper):
        # File names may hold bytes that are no text, and a terminal may lack letters: neither is
        # worth an error.
        sys.stdout.reconfigure(
            errors="surrogateescape" if sys.stdout.encoding == "utf-8" else "backslashreplace"
        )
    sys.exit(_flushed(run(sys.argv[1:])))


def _flushed(code: int) -> int:
    """What was printed may only now reach the disk or the reader; Python itself would complain at
    length."""
    if sys.stdout is None:
        return code
    try:
        sys.stdout.flush()
    except OSError as error:
        _drop_output()
        if not isinstance(error, BrokenPipeError):
            print(f"dall-e: error: cannot write the output: {_one_line(error)}", file=sys.stderr)
        return code or 1
    return code


def _drop_output() -> None:
    """What is still to be flushed at exit goes nowhere, silently."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
