"""Structures take only what C can read: known names, and tensors of the right dtype and place."""

import re
from importlib import resources

import pytest
import torch

from dall_e.nn.cpu.linear import make_linear
from dall_e.nn.cpu.structures import (
    MASK_KINDS,
    MLP_KINDS,
    NORM_KINDS,
    WEIGHT_KINDS,
    BlockStruct,
    CacheStruct,
    LinearStruct,
    NormStruct,
    SamplingCallStruct,
    StackCallStruct,
    Struct,
    make_struct,
    set_fields,
)

HEADER = (resources.files("dall_e.nn.cpu") / "structures.h").read_text(encoding="utf-8")


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(TypeError, match="NormStruct has no field 'epsilon'; it has weight, bias"):
        make_struct(NormStruct, epsilon=1e-6)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(4, dtype=torch.float64), "must be torch.float32, got torch.float64"),
        (torch.zeros(4, 4).T, "must be contiguous"),
        (torch.zeros(4, device="meta"), "on the CPU, got a tensor on meta"),
        (7, "must be a tensor, got 7"),
    ],
)
def test_a_tensor_that_c_would_misread_is_refused(tensor: torch.Tensor, message: str) -> None:
    if isinstance(tensor, torch.Tensor) and tensor.ndim == 2:
        tensor = tensor[:, :2]
    with pytest.raises(TypeError, match=message):
        make_struct(NormStruct, weight=tensor)


def test_a_weight_must_be_what_its_kind_says() -> None:
    values = torch.zeros(16, 8, dtype=torch.int8)
    with pytest.raises(TypeError, match="values must be torch.float32, got torch.int8"):
        make_linear("float32", values, outputs=16, inputs=8, stride=8)
    with pytest.raises(TypeError, match="scales must be torch.bfloat16, got torch.float32"):
        make_linear("int8", values, scales=torch.ones(16), outputs=16, inputs=8, stride=8)
    with pytest.raises(TypeError, match="scales must be a tensor, got None"):
        make_linear("int8", values, outputs=16, inputs=8, stride=8)


def test_a_structure_keeps_its_tensors_alive() -> None:
    norm = make_struct(NormStruct, weight=torch.ones(4), bias=None, eps=0.5)
    assert norm.eps == 0.5 and norm.bias.value is None
    assert norm.weight.value == norm.tensors[0].data_ptr()
    block = make_struct(BlockStruct, mlp_norm=norm)
    assert block.tensors[0] is norm.tensors[0]
    assert block.mlp_norm.weight.value == norm.weight.value
    set_fields(block, mlp_kind=3)
    assert block.mlp_kind == 3


@pytest.mark.parametrize(
    ("name", "struct"),
    [
        ("linear", LinearStruct),
        ("norm", NormStruct),
        ("block", BlockStruct),
        ("cache", CacheStruct),
        ("stack_call", StackCallStruct),
        ("sampling_call", SamplingCallStruct),
    ],
)
def test_fields_are_those_of_the_header(name: str, struct: type[Struct]) -> None:
    code = re.sub(r"/\*.*?\*/", "", HEADER, flags=re.DOTALL)
    (body,) = re.findall(rf"typedef struct \{{([^}}]*)\}} {name};", code)
    declared = []
    for declaration in body.split(";")[:-1]:
        kind, names = re.fullmatch(r"\s*(?:const )?(\w+) (.*)", declaration, re.DOTALL).groups()  # type: ignore[union-attr]
        declared += [(kind, field.strip()) for field in names.split(",")]

    ours = dict(struct._fields_)  # type: ignore[arg-type]
    assert [field.lstrip("*") for _, field in declared] == list(ours)
    for kind, field in declared:
        ctype: str = ours[field.lstrip("*")].__name__
        expected = {
            "float": "_FloatPointer" if field.startswith("*") else "c_float",
            "int64_t": "_LongPointer" if field.startswith("*") else "c_long",
            "int32_t": "c_int",
            "void": "_Pointer",
            "linear": "LinearStruct",
            "norm": "NormStruct",
        }[kind]
        assert ctype in (expected, expected.replace("c_long", "c_longlong"))


@pytest.mark.parametrize(
    ("enum", "kinds"),
    [
        ("weight_kind", WEIGHT_KINDS),
        ("norm_kind", NORM_KINDS),
        ("mlp_kind", MLP_KINDS),
        ("mask_kind", MASK_KINDS),
    ],
)
def test_kinds_are_those_of_the_header(enum: str, kinds: tuple[str, ...]) -> None:
    (body,) = re.findall(rf"enum {enum} \{{ ([^}}]*) \}};", HEADER)
    names = [name.strip().lower() for name in body.split(",")]
    if enum == "norm_kind":
        names = [name.replace("no_norm", "none").removesuffix("_norm") for name in names]
    assert tuple(names) == kinds
