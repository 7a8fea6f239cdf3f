"""Device and arithmetic are chosen by name, and nothing is set behind the caller's back."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch

from dall_e import runtime
from dall_e.cli import run
from dall_e.runtime import (
    autocast,
    check_single_process,
    divide_threads,
    is_main_process,
    pick_device,
    pick_dtype,
)

CPU = torch.device("cpu")


def test_devices_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_device("cpu") == CPU
    assert pick_device("cpu:0").index is None, "there is one, as launchers may say"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto").type in ("cpu", "mps")
    with pytest.raises(
        ValueError, match="'cuda:1' was asked for, but torch .* sees no CUDA device"
    ):
        pick_device("cuda:1")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert pick_device("auto").type == "cuda"
    assert pick_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(ValueError, match="'cuda:2' was asked for, but there are only 2"):
        pick_device("cuda:2")


def test_free_memory_is_told_where_the_system_tells() -> None:
    free = runtime.free_memory(CPU)
    assert free is None or 2**20 < free < 2**50
    assert Path("/proc/meminfo").exists() == (free is not None)


def test_free_memory_is_what_a_container_may_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runtime, "_LIMITS", tmp_path)
    unlimited = runtime.free_memory(CPU)
    if unlimited is None:
        pytest.skip("this system does not say")
    (tmp_path / "memory.current").write_text("3000\n")
    (tmp_path / "memory.stat").write_text("anon 2500\ninactive_file 400\nfile 500\n")
    (tmp_path / "memory.max").write_text("max\n")
    assert abs(runtime.free_memory(CPU) - unlimited) < 2**30  # type: ignore[operator]
    (tmp_path / "memory.max").write_text("5000\n")
    assert runtime.free_memory(CPU) == 2400
    (tmp_path / "memory.max").write_text("1000\n")
    assert runtime.free_memory(CPU) == 0


def test_a_name_that_is_no_device_is_a_user_error() -> None:
    with pytest.raises(ValueError, match="toaster"):
        pick_device("toaster")


@pytest.mark.parametrize("name", ["meta", "xpu"])
def test_other_kinds_of_device_are_a_user_error(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}' are not supported"):
        pick_device(name)


def test_a_missing_apple_gpu_is_a_user_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(ValueError, match="sees no Apple GPU"):
        pick_device("mps")


@pytest.mark.parametrize("computed", [True, False])
def test_auto_takes_bf16_only_where_it_is_computed(
    monkeypatch: pytest.MonkeyPatch, computed: bool
) -> None:
    monkeypatch.setattr(runtime, "computes_bf16", lambda device: computed)
    assert pick_dtype("auto", CPU) == (torch.bfloat16 if computed else torch.float32)
    assert pick_dtype("bf16", CPU) == torch.bfloat16
    assert pick_dtype("fp32", CPU) == torch.float32


def test_bf16_support_can_be_asked_for() -> None:
    assert runtime.computes_bf16(CPU) in (True, False)
    assert runtime.computes_bf16(torch.device("meta")) is False


def test_autocast_only_where_it_does_something() -> None:
    a, b = torch.ones(2, 2), torch.ones(2, 2)
    with autocast(CPU, torch.bfloat16):
        assert (a @ b).dtype == torch.bfloat16
    with autocast(CPU, torch.float32):
        assert (a @ b).dtype == torch.float32
        assert not torch.is_autocast_enabled("cpu")


def test_one_process_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RANK", raising=False)
    assert is_main_process()
    monkeypatch.setenv("RANK", "0")
    assert is_main_process()
    monkeypatch.setenv("RANK", "1")
    assert not is_main_process()


@pytest.mark.parametrize(
    ("size", "rank"), [("WORLD_SIZE", "RANK"), ("OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK")]
)
def test_fault_training_07_several_processes_are_refused_once(
    size: str, rank: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(size, "1")
    check_single_process()
    monkeypatch.setenv(size, "2")
    monkeypatch.setenv(rank, "0")
    with pytest.raises(ValueError, match="a launcher started 2 processes"):
        check_single_process()
    # What is shared out has its faults told once, before the processes meet.
    wrong = ["train", "all", "--data", "none", "--out", "none"]
    assert run(wrong) == 1 and capsys.readouterr().err.count("\n") == 1
    monkeypatch.setenv(rank, "1")
    with pytest.raises(SystemExit) as ended:
        check_single_process()
    assert ended.value.code == 1
    assert run(wrong) == 1 and capsys.readouterr().err == ""


def test_processes_divide_the_threads() -> None:
    """Of this thread and of new ones; each has one at least."""
    before = torch.get_num_threads()
    try:
        for threads, processes, own in ((4, 2, 2), (2, 3, 1)):
            torch.set_num_threads(threads)
            divide_threads(processes)
            with ThreadPoolExecutor(1) as pool:
                assert pool.submit(torch.get_num_threads).result() == own
            assert torch.get_num_threads() == own
    finally:
        torch.set_num_threads(before)
