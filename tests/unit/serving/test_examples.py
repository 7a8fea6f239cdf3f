"""What lies in examples/serve: clients that draw, and files whose commands are those of today."""

import json
import os
import re
import runpy
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from PIL import Image

from dall_e.cli import app
from dall_e.config import ServingConfig
from dall_e.serving.filters import filters_of
from dall_e.serving.metrics import Metrics

pytestmark = pytest.mark.filterwarnings("ignore::dall_e.errors.DallEWarning")

FOLDER = Path(__file__).parents[3] / "examples" / "serve"


def read_serve(words: list[str]) -> None:
    """Read the flags of `dall-e serve`, and do nothing. Raises what it would print."""
    words = [str(FOLDER / "serve.toml") if word.endswith("serve.toml") else word for word in words]
    group: Any = typer.main.get_command(app)
    group.commands["serve"].make_context("serve", words)


def yaml_of(name: str) -> list[Any]:
    return list(yaml.safe_load_all((FOLDER / name).read_text(encoding="utf-8")))


def test_the_client_in_python_draws(
    server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DALLE_URL", server.url)
    runpy.run_path(str(FOLDER / "client.py"))["main"]("a white cat", str(tmp_path / "cat.png"))
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["cat-0.png", "cat-1.png", "cat.png"]
    assert Image.open(tmp_path / "cat.png").info["prompt"] == "a white cat"


@pytest.mark.parametrize(("program", "file"), [("node", "client.mjs"), ("sh", "client.sh")])
def test_the_other_clients_draw(server: Any, tmp_path: Path, program: str, file: str) -> None:
    if not shutil.which(program) or not shutil.which("curl"):
        pytest.skip(f"needs {program} and curl")
    prompt = """a "white" cat's 猫"""
    done = subprocess.run(
        [program, str(FOLDER / file), prompt, "cat.png"],
        cwd=tmp_path,
        env={**os.environ, "DALLE_URL": server.url},
        capture_output=True,
        check=False,
        text=True,
    )
    assert done.returncode == 0 and done.stdout == "cat.png\n", done.stderr
    assert Image.open(tmp_path / "cat.png").info["prompt"] == prompt


def test_commands_of_units_and_containers_could_run() -> None:
    unit = (FOLDER / "dall-e.service").read_text(encoding="utf-8")
    for name in ("keys.json", "serve.toml"):
        assert f"LoadCredential={name}:/etc/dall-e/{name}" in unit and f"%d/{name}" in unit
    command = re.search(r"^ExecStart=\S+/dall-e serve (.*)$", unit, re.MULTILINE)
    assert command
    read_serve(command[1].split())

    docker = (FOLDER / "Dockerfile").read_text(encoding="utf-8")
    entry, default = (
        json.loads(found)
        for found in re.findall(r"^(?:ENTRYPOINT|CMD) (.*)$", docker, re.MULTILINE)
    )
    assert entry[:2] == ["dall-e", "serve"]
    read_serve([*entry[2:], *default])
    assert "-c constraints.txt" in docker and "COPY examples/serve/serve.toml" in docker
    ignored = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8")
    assert "!examples/serve/serve.toml" in ignored.splitlines()

    (compose,) = yaml_of("compose.yaml")
    read_serve([*entry[2:], *compose["services"]["dall-e"]["command"]])
    for service in compose["services"].values():
        for volume in service.get("volumes", ()):
            name = volume.split(":")[0]
            assert (FOLDER / name).exists() or "key" in name, "made by the commands above it"


def test_the_settings_have_a_filter_of_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command reads them; each setting is one that there is."""
    group: Any = typer.main.get_command(app)
    context = group.commands["serve"].make_context(
        "serve", ["--config", str(FOLDER / "serve.toml"), "--batch-size", "3"]
    )
    assert context.params["refused_words"] == "default"
    assert context.params["batch_size"] == 3 and context.params["max_waiting"] == 64

    monkeypatch.syspath_prepend(FOLDER)
    (own,) = filters_of(ServingConfig(content_filter="filters:NoPlainPictures"))
    assert own.refuse_prompt("a cat") is None and own.refuse_prompt("a cat " * 100)
    assert own.refuse_image(Image.new("RGB", (8, 8), "red"))
    assert own.refuse_image(Image.effect_noise((8, 8), 60)) is None


def test_kubernetes_asks_what_the_server_answers() -> None:
    deployment, service, budget = yaml_of("kubernetes.yaml")
    pod = deployment["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    read_serve(container["args"])
    probes = {container[name]["httpGet"]["path"] for name in ("readinessProbe", "livenessProbe")}
    assert probes == {"/readyz", "/healthz"}
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"] == labels == budget["spec"]["selector"]["matchLabels"]
    assert pod["terminationGracePeriodSeconds"] > 60 + 10


def test_commands_of_the_cluster_could_run() -> None:
    """Those above the file, and it is one of Ray's launcher."""
    text = (FOLDER / "cluster.yaml").read_text(encoding="utf-8")
    (cluster,) = yaml_of("cluster.yaml")
    assert cluster["provider"]["type"] == "local" and cluster["setup_commands"]
    group: Any = typer.main.get_command(app)
    commands = re.findall(r'ray exec cluster.yaml "dall-e (\w+) ([^"]+)"', text)
    assert {name for name, _ in commands} == {"serve", "generate"}
    for name, words in commands:
        assert group.commands[name].make_context(name, words.split()).params["cluster"]


def test_the_dashboard_shows_counters_that_there_are() -> None:
    metrics = Metrics()
    metrics.requests.labels("/", "200").inc()
    metrics.refused.labels("rate").inc()
    metrics.watch(type("Empty", (), {"num_waiting": 0})())
    text = metrics.text().decode()
    known = set(re.findall(r"^(dalle_\w+)", text, re.MULTILINE))
    board = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = {
        name
        for panel in board["panels"]
        for target in panel["targets"]
        for name in re.findall(r"dalle_\w+", target["expr"])
    }
    assert len(asked) >= 8 and asked <= known
    (prometheus,) = yaml_of("prometheus.yml")
    assert prometheus["scrape_configs"][0]["authorization"]["credentials_file"]
