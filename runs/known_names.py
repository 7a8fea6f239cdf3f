"""Write the vocabulary of the built-in model anew, as `dall-e export` would.

Run it after `dall-e data build`: .venv/bin/python runs/known_names.py [DATA FOLDER]
"""

import hashlib
import json
import sys
from pathlib import Path

from dall_e.checkpoints.store import CONFIG_FILE, VOCABULARY_FILE
from dall_e.data.datasets import load_records
from dall_e.planning.vocabulary import Vocabulary

WEIGHTS = Path("src/dall_e/weights")


def main(data: Path) -> None:
    """From the captions of a data set; the configuration of the model has the hash of the file."""
    content = Vocabulary.from_captions(load_records(data), composed=True).to_text().encode()
    (WEIGHTS / VOCABULARY_FILE).write_bytes(content)

    head = json.loads((WEIGHTS / CONFIG_FILE).read_bytes())
    sha256 = hashlib.sha256(content).hexdigest()
    head["files"][VOCABULARY_FILE] = {"bytes": len(content), "sha256": sha256}
    text = json.dumps(head, indent=2, ensure_ascii=False) + "\n"
    (WEIGHTS / CONFIG_FILE).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "data/emoji"))
