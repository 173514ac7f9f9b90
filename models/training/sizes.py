"""Make smaller students of the bundled English model, teach each for the same time, and measure them (see README.md)."""

import argparse
import json
import shutil
import time
from functools import lru_cache
from pathlib import Path

import torch

from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_reference, write_texts
from corpora import read_everything
from development import graph_logits
from english import RATES, bundled_model, round_of
from fake_quantization import make_roundable, set_ranges
from figures import SETS, evaluate
from int8_graph import write_many_headed
from loop import optimizers
from many_headed import OUTPUTS, TOKEN_HEADS, ManyHeaded, load, save
from student import CHOSEN_BY, drop_layers, prune_neurons, taught_by
from timed_loop import train_within

MEASURED_ON = ["CoNLL-2003 testb", "Universal NER EWT test", "Tweebank test", "WNUT-17 test"]


def make_student(size: str, bundled: Path, teacher, batches: list[dict]) -> ManyHeaded:
    """The bundled model with as many layers and neurons as `size` says (4x768), and the heads of tokens alone."""
    layers, width = map(int, size.split("x"))
    model, _ = bundled_model(bundled)
    model.text_heads = {}
    del model.pooler, model.texts
    drop_layers(model, layers, teacher, batches)
    if width < model.config.intermediate_size:
        prune_neurons(model, width, batches)
    make_roundable(model)
    return model


def teach(model: ManyHeaded, seconds: float, teacher, rounds, run: Path) -> ManyHeaded:
    """The student after so much processor time: by the clock, other work on the machine would shorten what some are taught."""
    if not seconds:
        inputs = ("input_ids", "attention_mask")
        set_ranges(model, [{name: each[name] for name in inputs} for each in rounds(0)[:CHOSEN_BY]])
        return model
    words = model.bert.embeddings.word_embeddings.weight
    others = [each for each in model.parameters() if each is not words]
    made = optimizers([{"params": others, "lr": RATES["encoder"]}], [{"params": [words], "lr": RATES["words"]}], decay=0.01)
    return train_within(seconds, 1, model, taught_by(teacher), rounds, made, run / "checkpoint.pt", lambda *_: None,
                        clock=time.process_time)


def pack(name: str, run: Path, bundled: Path) -> None:
    """Write a folder of models with the int8 graph and one with the fp32 graph, not calibrated: logits are as the teacher's."""
    for file in ("tokenizer.json", "vocab.txt"):
        shutil.copyfile(bundled / file, run / "model" / file)
    folder = run / "int8" / name
    make_graphs(load(run, text_heads={}), {head: OUTPUTS[head] for head in TOKEN_HEADS}, write_many_headed, run, folder)
    write_texts(run, folder, lower_case=False)
    models = json.loads((bundled.parent / "manifest.json").read_text())["models"]
    heads = next(each["heads"] for each in models if each["name"] == bundled.name)
    update_manifest(folder, [head for head in heads if head["task"] in TOKEN_HEADS])
    write_reference(run, folder)


def measure(data: Path, models: Path) -> dict[str, float]:
    """F1 of the entities."""
    sets = {title: SETS["en"][title] for title in MEASURED_ON}
    return {title: evaluate(task, data / file, models, *told)["f1"] for title, (task, file, *told) in sets.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets; see README.md")
    parser.add_argument("--bundled", type=Path, default=Path("../minilm-l6-en"))
    parser.add_argument("--runs", type=Path, default=Path("runs/sizes"))
    parser.add_argument("--sizes", nargs="+", required=True, help="layers x feed-forward width: 4x768")
    parser.add_argument("--minutes", type=float, default=2.5, help="processor time of each; 0 for speeds alone")
    options = parser.parse_args()
    torch.set_num_threads(1)
    teacher = graph_logits(options.bundled / GRAPH, threads=1)
    tokenizer, sources = load_tokenizer(options.bundled), read_everything(options.data)

    @lru_cache(maxsize=1)
    def rounds(number: int):
        return round_of(number, sources, tokenizer, feelings=0)

    for size in options.sizes:
        run = options.runs / size
        if not (run / "ranges.json").exists():
            student = make_student(size, options.bundled, teacher, rounds(0)[:CHOSEN_BY])
            save(teach(student, 60 * options.minutes, teacher, rounds, run), run)
        pack(f"minilm-en-{size}", run, options.bundled)
        if options.minutes:
            (run / "figures.json").write_text(json.dumps(measure(options.data, run / "int8"), indent=2))


if __name__ == "__main__":
    main()
