"""Write a model whose weights lie between those of two models of one size.

    python runs/between.py FIRST SECOND FRACTION OUT

FRACTION is how far from the first to the second, 0 to 1; all else is the second's. Weights on the
way from a network to one that was trained on from it can know most of what both know (Wortsman et
al. 2022, arXiv 2109.01903).
"""

import argparse

import torch

from dall_e import DALL_E


def main() -> None:
    """Average the weights of all networks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("first")
    parser.add_argument("second")
    parser.add_argument("fraction", type=float)
    parser.add_argument("out")
    arguments = parser.parse_args()
    first, second = (DALL_E.from_pretrained(name) for name in (arguments.first, arguments.second))

    before = first.networks.state_dict()
    weights = second.networks.state_dict()
    if {name: x.shape for name, x in before.items()} != {
        name: x.shape for name, x in weights.items()
    }:
        raise SystemExit("the two models have networks of other sizes")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(torch.lerp(before[name], weight, arguments.fraction))
    second.save_pretrained(arguments.out, int8=False)


if __name__ == "__main__":
    main()
