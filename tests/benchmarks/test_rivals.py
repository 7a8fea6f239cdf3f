"""Other projects' code: missing packages are told, and LlamaGen written anew is our network."""

import sys
from typing import Any

import pytest
import torch
from benchmarks.random_models import random_networks, text_reader
from benchmarks.rivals import MissingPeerError, load, renamed
from benchmarks.rivals.llamagen import sample, with_weights_of
from benchmarks.shapes import SHAPES, Shape, tiny
from torch import nn

from dall_e.checkpoints.keymap import From, KeyTable
from dall_e.inference.prompt_encoding import make_reader


def test_missing_peer_names_the_command() -> None:
    with pytest.raises(MissingPeerError, match="to measure beside it: pip install something"):
        load("no_such_module_anywhere", "pip install something")


OLD_PEER = """
import torch
from gone_module.part import Thing
import json

torch.set_grad_enabled(False)

class Mine(Thing):
    pass
"""


def test_stand_ins_do_not_stay(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old_peer.py").write_text(OLD_PEER, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPeerError, match="gone_module"):
        load("old_peer", "pip install old-peer")

    stubs = ("gone_module", "gone_module.part", "json")
    module = load("old_peer", "pip install old-peer", stubs=stubs)
    assert module.Mine().version == "0"
    assert not any(name.startswith("gone_module") for name in sys.modules)
    # What is installed is the real thing, and torch is as it was.
    assert module.json.dumps([1]) == "[1]" and torch.is_grad_enabled()
    del sys.modules["old_peer"]


def test_renamed_shares_memory() -> None:
    network = nn.Linear(3, 4)
    rows = {"weight": From(names=("a", "b")), "bias": From(names=("c",))}
    found = renamed(network, KeyTable(rows=rows))
    assert list(found) == ["a", "b", "c"] and torch.equal(found["b"], network.weight[2:])
    assert found["a"].data_ptr() == network.weight.data_ptr()


@pytest.mark.parametrize("name", ["llamagen-b", "llamagen-xl"])
@torch.no_grad()
def test_llamagen_written_anew_is_our_network(name: str) -> None:
    """Logits of prompt and guidance rows over the first tokens, from the same weights."""
    shape = tiny(SHAPES[name])
    networks = random_networks(shape, torch.float32)
    for network in networks.parts().values():
        network.requires_grad_(False).eval()
    # Larger weights, so that the prompt and the positions matter.
    for block in networks.generator.blocks:
        block.attention.qkv.weight.mul_(8)
    rows = read(shape, networks)
    codes_BN = torch.tensor([[5, 900, 33, 7, 12], [5, 900, 33, 7, 12]])

    # Theirs token by token, ours at once.
    theirs = with_weights_of(networks.generator)
    logits = [theirs.prefill(rows.states_BLD, rows.visible_BL)]
    prefix = rows.visible_BL.shape[1]
    for number in range(5):
        position_1 = torch.tensor([prefix + number])
        logits.append(theirs.step(codes_BN[:, number : number + 1], position_1))
    found_BNC = torch.stack(logits, dim=1)
    expected_BNC = networks.generator(rows, codes_BN)

    # The numbers say something: they differ, also between prompt and no prompt.
    assert float(expected_BNC.std()) > 0.05
    assert float((expected_BNC[0] - expected_BNC[1]).abs().max()) > 1e-3
    torch.testing.assert_close(found_BNC, expected_BNC, atol=1e-4, rtol=1e-4)


def read(shape: Shape, networks: Any) -> Any:
    reader: Any = text_reader(shape)
    pair: Any = make_reader(networks.text, reader).read("", "")
    return pair.text.joined(pair.null)


def test_sampling_guides_and_keeps_the_largest() -> None:
    # Guided by 2: 2 c - u = [4, 0, 8, 3]; of the two largest the first is e^-4 of the second.
    logits_BC = torch.tensor([[2.0, 1.0, 4.0, 1.5], [0.0, 2.0, 0.0, 0.0]])
    torch.manual_seed(0)
    drawn = torch.cat([sample(logits_BC, 2.0, 2) for _ in range(300)])
    assert set(drawn.tolist()) == {0, 2} and 0.9 < float((drawn == 2).float().mean()) < 1
    assert sample(logits_BC, 2.0, 1).tolist() == [2]
