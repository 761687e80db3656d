"""The benchmark: what it measures, what it writes, what it refuses; never how fast anything is."""

import json
import resource
import sys
from dataclasses import replace
from pathlib import Path

import jax.numpy as jnp
import pytest
from PIL import Image

from dalle.__main__ import main
from dalle.benchmark import benchmark as measure
from dalle.benchmark import memory_peaks as peaks
from dalle.benchmark import min_dalle as peer
from dalle.benchmark import precisions, stages
from dalle.benchmark.machine_rates import Machine
from dalle.benchmark.report import Report, plot
from dalle.errors import DalleError
from dalle.models.bart.config import BartConfig
from dalle.models.bart.decoding import prepare
from dalle.models.bart.network import bart_shapes
from dalle.models.loading import random_params, read_geometry
from tests.generation.conftest import TINY_BART, loud, make_pipeline

MACHINE = Machine("A processor", 1, 2, 0.5, {"jax": "1"}, 10e9, 1e12, "float32")


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline("float32")


@pytest.fixture
def tiny(monkeypatch, pipeline):
    """The benchmark measures a model of random weights, on a machine that is given."""
    monkeypatch.setattr(measure, "measure_machine", lambda dtype: MACHINE)
    monkeypatch.setattr(measure, "load_measured", lambda files, precision: (pipeline, 1.5))
    return pipeline


def test_a_report_of_all_stages_as_table_json_and_plot(tiny, tmp_path, capsys):
    written, plotted = tmp_path / "report.json", tmp_path / "report.png"
    options = f"--candidates 16,1 --runs 2 --json {written} --plot {plotted}"
    assert main(["benchmark", *options.split()]) == 0
    said = capsys.readouterr().out
    assert "A processor: 2 cores, 1 device, load 0.5 before; jax 1" in said
    assert "10.0 GB/s read, 1.000 TFLOP/s in float32" in said

    report = json.loads(written.read_text())
    assert [row["candidates"] for row in report["rows"]] == [1, 16]
    for row in report["rows"]:
        seconds = row["seconds"]
        assert {"reading", "drawing", "decoding", "ranking", "total"} <= set(seconds)
        assert 0 < seconds["drawing"] < seconds["total"]
        assert row["pictures_per_second"] == row["candidates"] / seconds["total"]
        assert 0 < row["bound"] <= row["bound_static"]
        assert row["traffic"] > 1
        assert row["estimated_memory"] > 0
    assert report["first_preview"] > 0
    with Image.open(plotted) as picture:
        assert (picture.format, picture.mode) == ("PNG", "RGBA")
    assert {path.name for path in tmp_path.iterdir()} == {"report.json", "report.png"}


def test_several_models_and_batches_in_one_call(tiny, tmp_path, capsys):
    written = tmp_path / "report.json"
    options = f"--model random:mini,nano --candidates 1 --requests 2,1 --runs 1 --json {written}"
    assert main(["benchmark", *options.split()]) == 0
    assert capsys.readouterr().out.count("| requests of 16 | seconds, ranked |") == 2
    reports = json.loads(written.read_text())
    assert [report["model"] for report in reports] == ["random:mini", "nano"]
    for report in reports:
        assert [batch["requests"] for batch in report["throughput"]] == [1, 2]
        for batch in report["throughput"]:
            rate = batch["requests"] * 16 / batch["seconds"]
            assert batch["pictures_per_second"] == pytest.approx(rate)


def test_a_batch_too_large_for_the_memory_is_refused_first(tiny, monkeypatch, capsys):
    monkeypatch.setattr("dalle.benchmark.throughput.free_memory", lambda: 1000)
    monkeypatch.setattr(
        "dalle.benchmark.throughput.run_batch", lambda *arguments: pytest.fail("drew")
    )
    assert main(["benchmark", *["--candidates", "1", "--requests", "4", "--runs", "1"]]) == 2
    assert "4 requests at a time need 0.0 GB, and 0.0 GB are free" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ("--model nano,random:mini --plot p.png", "--plot draws one model; give one"),
        ("--memory --requests 1", "--memory measures memory alone; leave"),
        ("--layers 2", "--layers and --against need random weights, and the model is nano"),
        ("--against min-dalle", "--layers and --against need random weights"),
        ("--memory --plot p.png", "--memory measures memory alone; leave"),
        ("--json no/such/folder.json", "no/such/folder.json cannot be written: its folder"),
    ],
)
def test_what_cannot_be_measured_is_told_first(options, sentence, capsys):
    assert main(["benchmark", *options.split()]) == 2
    assert capsys.readouterr().err.startswith(f"Error: {sentence}")


@pytest.mark.parametrize("given", ["0", "65", "1,x", "", "9,,16"])
def test_numbers_of_candidates_are_checked(given, capsys):
    with pytest.raises(SystemExit):
        main(["benchmark", "--candidates", given])
    assert "must be numbers from 1 to 64" in capsys.readouterr().err


def test_fewer_layers_of_a_random_model():
    with stages.model_files("random:mini", 3) as files:
        config, _ = read_geometry(files.bart, "bart")
        assert isinstance(config, BartConfig)
        assert (config.encoder_layers, config.decoder_layers, config.d_model) == (3, 3, 1024)
        assert files.name == "random:mini, 3 layers"
    with stages.model_files("random:mini", None) as files:
        assert read_geometry(files.bart, "bart")[0].decoder_layers == 12


def test_the_peak_of_a_process_is_told():
    kibibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # as Linux counts
    assert stages.peak_memory() == pytest.approx(kibibytes * 1024, rel=0.01)


def test_memory_is_measured_in_processes_of_their_own(tmp_path, monkeypatch, capsys):
    """The other process is one that writes what it was asked for."""
    program = tmp_path / "python"
    program.write_text(
        f"#!{sys.executable}\nimport json, sys\n"
        "_, module, model, precision, count, layers = sys.argv[1:]\n"
        "assert (module, model, precision, layers) == "
        "('dalle.benchmark.memory_peaks', 'random:mini', 'int8', '3')\n"
        "if count == '64': sys.exit(1)\n"
        "print(json.dumps(dict(candidates=int(count), estimate=4_000_000, peak=3_000_000)))\n"
    )
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    written = tmp_path / "peaks.json"
    options = ["--memory", "--model", "random:mini", "--layers", "3", "--precision", "int8"]
    assert main(["benchmark", *options, "--candidates", "16,9", "--json", str(written)]) == 0
    assert capsys.readouterr().out.splitlines()[2:] == [
        "| 9 | 4 | 3 | 0.75 |",
        "| 16 | 4 | 3 | 0.75 |",
    ]
    assert [peak["candidates"] for peak in json.loads(written.read_text())] == [9, 16]

    assert main(["benchmark", *options, "--candidates", "64"]) == 2
    assert "64 candidates of random:mini could not be drawn" in capsys.readouterr().err


def test_one_generation_tells_estimate_and_peak(monkeypatch, pipeline):
    monkeypatch.setattr(peaks, "load_measured", lambda files, precision: (pipeline, 1.5))
    peak = peaks.generate_once("random:mini", "float32", 2, 1)
    assert peak.candidates == 2
    assert 0 < peak.peak == stages.peak_memory()
    assert peak.estimate > 1_000_000_000  # of the model that was named


def test_precisions_are_compared_with_float32(monkeypatch):
    def load(name: str, precision: str):
        if precision != "int8":
            return make_pipeline(precision)
        params = loud(random_params(bart_shapes(TINY_BART), 1))
        return replace(make_pipeline("float32"), weights=prepare(params, TINY_BART, jnp.int8))

    monkeypatch.setattr(precisions, "load", load)
    exact, bfloat16, float16, int8 = precisions.compare_precisions("tiny", ("a red apple",))
    assert (exact.precision, exact.largest_logit_difference) == ("float32", 0)
    assert (exact.same_likeliest_code, exact.score_change) == (1, 0)
    rounded_ones = [bfloat16, float16, int8]
    assert [each.precision for each in rounded_ones] == ["bfloat16", "float16", "int8"]
    assert float16.largest_logit_difference < bfloat16.largest_logit_difference
    for rounded in rounded_ones:
        assert rounded.largest_logit_difference > 0
        assert 0.3 < rounded.same_likeliest_code <= 1
        assert rounded.score_change == pytest.approx(rounded.score / exact.score - 1)
    table = str(
        Report("m", "r", "float32", 1, MACHINE, 1, 1, 1, [], precisions=[exact, *rounded_ones])
    )
    assert "| int8 | " in table


@pytest.fixture
def other_program(tmp_path, monkeypatch):
    """A function that puts a program in the place of min-dalle."""

    def put(body: str) -> None:
        program = tmp_path / "program.py"
        program.write_text(f"import sys\nprint('ready', flush=True)\n{body}")
        monkeypatch.setattr(peer, "PROGRAM", program)
        monkeypatch.setattr(peer, "set_up", lambda: Path(sys.executable))

    return put


def test_the_other_program_generates_in_turn(tiny, other_program):
    other_program("for number, line in enumerate(sys.stdin): print(100 + number, flush=True)")
    report = measure.measure("random:mini", "float32", [9], 3, against="min-dalle")
    assert [run["peer"] for run in report.peer["runs"]] == [101, 102, 103]  # after one to warm up
    assert report.peer["seconds"] == 102
    assert "min-dalle==0.4.11, 9 pictures, not ranked: 102.00 s (median of 3 runs" in str(report)


def test_the_other_program_imports_nothing_from_beside_it(other_program):
    other_program(
        "import os\n"
        "for _ in sys.stdin: print(int(os.path.dirname(__file__) in sys.path), flush=True)"
    )
    with peer.running("random:mini", 2) as other:
        assert other.generate() == 0


def test_an_other_program_that_ends_is_told(other_program):
    other_program("")
    with (
        pytest.raises(DalleError, match="min-dalle ended before it had drawn"),
        peer.running("random:mini", 2) as other,
    ):
        other.generate()


def test_a_plot_without_matplotlib_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(DalleError, match="the plot needs matplotlib; pip install -r"):
        plot(Report("m", "r", "float32", 1, MACHINE, 1, 1, 1, []), tmp_path / "plot.png")
