"""Set how often training sees the pictures of a data set, by their source and kind.

    python runs/weigh.py DATA SOURCE=WEIGHT ... [--kind KIND=FACTOR ...]

Sources that are not named keep the weight 1; a skin tone halves it. Training takes the weights as
they are with `--weight-exponent 1`.
"""

import argparse
import json
from pathlib import Path


def main() -> None:
    """Rewrite `captions.jsonl`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--kind", nargs="*", default=[])
    arguments = parser.parse_args()
    sources, kinds = (
        {name: float(value) for name, value in (pair.split("=") for pair in pairs)}
        for pairs in (arguments.sources, arguments.kind)
    )

    path = arguments.data / "captions.jsonl"
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    for record in records:
        weight = sources.get(record["source"], 1.0) * kinds.get(record["kind"], 1.0)
        record["weight"] = round(weight * (0.5 if record["tone"] else 1.0), 3)
    lines = (json.dumps(record, ensure_ascii=False, separators=(",", ":")) for record in records)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


if __name__ == "__main__":
    main()
