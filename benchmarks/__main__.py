"""`python -m benchmarks NAME`, each with --help.

The names are captions, coverage, drawing, edits, finetuning, matmul, noise, peers, pointing,
scaling, serve, soak and training.
"""

from __future__ import annotations

import typer

from benchmarks import (
    captions,
    coverage,
    drawing,
    edits,
    finetuning,
    matmul,
    noise,
    peers,
    pointing,
    scaling,
    serve,
    soak,
    training,
)

app = typer.Typer(
    help="Measure the project on this machine, which should have nothing else to do meanwhile.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for benchmark in (
    captions,
    coverage,
    drawing,
    edits,
    finetuning,
    matmul,
    noise,
    peers,
    pointing,
    scaling,
    serve,
    soak,
    training,
):
    app.command(benchmark.__name__.removeprefix("benchmarks."))(benchmark.measure)

if __name__ == "__main__":
    app(prog_name="python -m benchmarks")
