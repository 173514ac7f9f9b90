"""Train the bundled multilingual model: entities in eight languages, Japanese parts of speech (see README.md)."""

import copy
import json
import random
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import torch
from opencc import OpenCC
from tokenizers import Tokenizer

import multilingual_development as development
from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_files, write_reference
from bundled_weights import read_model
from command import run_steps
from cut_vocabulary import cut, tokenizer_of
from development import graph_logits
from e5_weights import read_encoder
from english_data import ENTITIES, Example, written
from fake_quantization import make_roundable
from int8_graph import write_many_headed
from loop import batches_by_length, optimizers
from many_headed import OUTPUTS, ManyHeaded, config_of, keep, load, save, set_table
from multilingual_corpora import UNSPACED, glue, read_everything
from multilingual_data import TOKEN_HEADS, WORD_TAGS, collate, encode
from spelling import contract, without_spaces
from timed_loop import train_within
from variation import names_of, so_often, swap_names, vary

ABOUT = {"languages": ["ja", "pt", "zh", "sv", "da", "hr", "de", "es"], "source": "intfloat/multilingual-e5-small",
         "licence": "MIT"}
SPECIAL_TOKENS = {"bos_token": "<s>", "cls_token": "<s>", "eos_token": "</s>", "sep_token": "</s>", "unk_token": "<unk>",
                  "pad_token": "<pad>", "mask_token": "<mask>"}
SEED = 21
VOCABULARY_SIZE = 60_000
LAYERS = [0, 1, 2, 3, 4, 5]  # of the encoder's twelve
DROPOUT = {"hidden_dropout_prob": 0.05, "attention_probs_dropout_prob": 0.0}
MINUTES = 43
TOKENS_PER_BATCH = 1024
RATES = {"encoder": 3e-4, "words": 3e-4, "new": 1e-3}
GOING_ON = {"minutes": 60, "rates": {"encoder": 1.5e-4, "words": 1.5e-4, "new": 1.5e-4}, "kept": 0.3}  # from a bundled model on
SWAPPED, HIDDEN = 0.2, 0.05  # shares of names swapped for others and of pieces hidden
# How often a round takes each source, and how often one, two, three, ... sentences of it make one text.
SENTENCES = {
    "ja-wikipedia": (1.5, [14, 3, 1]),
    "ja-gsd": (2.0, [14, 3, 1]),
    "zh": (1.5, [14, 3, 1]),
    "pt": (1.0, [14, 3, 1, 1]),
    "sv": (0.5, [14, 3, 1, 1]),
    "da": (0.5, [14, 3, 1, 1]),
    "hr": (0.4, [14, 3, 1, 1]),
    "en": (0.3, [14, 3, 1, 1]),
}
BY_WORDS = {"ja-gsd", "zh"}  # sources that show where words begin in scripts without spaces
CALIBRATED_ON = 300  # examples of each development set
SIMPLIFIED = 0.5  # share of the Chinese sentences put in simplified characters

simplify = lru_cache(maxsize=None)(OpenCC("t2s").convert)


def language_of(source: str) -> str:
    return source.split("-")[0]


def round_of(number: int, sources: dict[str, dict[str, list[Example]]], tokenizer: Tokenizer) -> list[dict]:
    """A round's batches, of all sources mixed."""
    dice = random.Random(SEED + number)
    rows = []
    for source, (times, joined) in SENTENCES.items():
        language = language_of(source)
        names = names_of([each for name in SENTENCES if language_of(name) == language for each in sources[name]["train"]])
        for taken in so_often(sources[source]["train"], times, dice):
            varied = vary(swap_names(taken, names, SWAPPED, dice), dice, joined)
            rows += [encode(as_met(each, language, dice), tokenizer, HIDDEN, dice) for each in varied]
    groups = batches_by_length([len(row.ids) for row in rows], TOKENS_PER_BATCH, dice)
    return [collate([rows[i] for i in group]) for group in groups]


def as_met(example: Example, language: str, dice: random.Random) -> Example:
    """The example as its language is written."""
    if language == "zh" and dice.random() < SIMPLIFIED:
        example = replace(example, words=tuple(map(simplify, example.words)))
    if language in UNSPACED:
        return glue(example)
    if language == "pt" and dice.random() < 0.5:
        example = contract(example)
    return without_spaces(example, dice)


def vocabulary_texts(data: Path, sources) -> list[tuple[str, frozenset[int] | None]]:
    """What the vocabulary is counted on: texts, and where their words begin, as far as treebanks tell."""
    texts = []
    for source, parts in sources.items():
        for example in parts["train"]:
            text, starts = written(example)
            texts.append((text, frozenset(starts) if source in BY_WORDS else None))
            if source == "zh":
                texts.append(("".join(map(simplify, example.words)), frozenset(starts)))
    for article in json.loads((data / "qa/jaquad/train.json").read_text(encoding="utf-8"))["data"]:
        texts += [(paragraph["context"], None) for paragraph in article["paragraphs"]]
    return texts


def new_model(data: Path, encoder: Path, sources) -> tuple[ManyHeaded, Tokenizer]:
    """The encoder with some of its layers and pieces and with new heads, and its tokenizer."""
    torch.manual_seed(SEED)
    whole = json.loads((encoder / "tokenizer.json").read_text(encoding="utf-8"))
    kept = cut(whole, vocabulary_texts(data, sources), VOCABULARY_SIZE)
    config, state = read_encoder(encoder / "e5-small-q4.bin")
    table = state.pop("embeddings.word_embeddings.weight")[kept]
    config = config_of(config | DROPOUT | {"num_hidden_layers": len(LAYERS), "vocab_size": len(kept), "pad_token_id": 1})
    model = ManyHeaded(config, TOKEN_HEADS, {})
    taken = {f"encoder.layer.{old}.": f"encoder.layer.{new}." for new, old in enumerate(LAYERS)}
    for name, value in list(state.items()):
        if name.startswith("encoder."):
            del state[name]
            old = ".".join(name.split(".")[:3]) + "."
            if old in taken:
                state[name.replace(old, taken[old], 1)] = value
    set_table(model, table)
    missing = model.bert.load_state_dict(state, strict=False)
    if missing.unexpected_keys or missing.missing_keys != ["embeddings.word_embeddings.weight"]:
        raise SystemExit(f"{encoder}: no encoder of this kind: {missing}")
    return model, tokenizer_of(whole, kept)


def make_optimizers(model: ManyHeaded, rates: dict[str, float]):
    """Higher rates for the heads, which are new, than for what is trained already."""
    table, new = model.bert.embeddings.word_embeddings.weight, list(model.tokens.parameters())
    apart = {id(p) for p in [*new, table]}
    old = [p for p in model.parameters() if id(p) not in apart]
    groups = [{"params": old, "lr": rates["encoder"]}, {"params": new, "lr": rates["new"]}]
    return optimizers(groups, [{"params": [table], "lr": rates["words"]}], decay=0.01)


def fine_tune(data: Path, encoder: Path, run: Path, processes: int, bundled: Path | None):
    """Train from the encoder on, or from a bundled model, and leave weights, ranges and tokenizer in `run`."""
    torch.set_num_threads(1)  # each process has one, so that they can be forked and none waits for another
    sources, minutes = read_everything(data), GOING_ON["minutes"] if bundled else MINUTES
    if bundled:
        torch.manual_seed(SEED)
        model, tokenizer = read_model(bundled, TOKEN_HEADS, {}, DROPOUT), load_tokenizer(bundled)
    else:
        model, tokenizer = new_model(data, encoder, sources)
    (run / "model").mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(run / "model/tokenizer.json"), pretty=False)
    make_roundable(model)
    first = copy.deepcopy(model) if bundled else None

    def report(number, averaged):
        figures = development.figures(averaged, sources, tokenizer)
        print(f"round {number}:", json.dumps({name: round(value, 4) for name, value in figures.items()}), flush=True)

    @lru_cache(maxsize=1)
    def rounds(number: int):
        return round_of(number, sources, tokenizer)

    model = train_within(60 * minutes, processes, model, ManyHeaded.loss, rounds,
                         make_optimizers(model, GOING_ON["rates"] if bundled else RATES), run / "checkpoint.pt", report)
    if first:
        keep(model, first, GOING_ON["kept"])
    save(model, run)
    report("last", model)


def pack(data: Path, run: Path, folder: Path):
    """Calibrate what the int8 graph gives, export, quantize, and write all but the card."""
    model = load(run, TOKEN_HEADS, {})
    write_many_headed(model, json.loads((run / "ranges.json").read_text()), run / GRAPH)
    sources, tokenizer = read_everything(data), load_tokenizer(run / "model")
    logits_of = graph_logits(run / GRAPH)
    temperatures = development.temperatures({name: development.read(logits_of, parts["dev"][:CALIBRATED_ON], tokenizer)
                                             for name, parts in sources.items()})
    print("temperatures", temperatures)
    model.cool(temperatures)
    make_graphs(model, {head: OUTPUTS[head] for head in TOKEN_HEADS}, write_many_headed, run, folder)
    write_files(run, folder, {"tokenizer_class": "XLMRobertaTokenizer"}, SPECIAL_TOKENS)
    update_manifest(folder, [
        {"task": "entities", "output": OUTPUTS["entities"], "labels": ENTITIES,
         "settings": {"aggregation": "average", "labelScheme": "IOB2", "words": "letters"}},
        {"task": "tags", "languages": ["ja"], "output": OUTPUTS["tags"], "labels": WORD_TAGS,
         "settings": {"labelScheme": "IOB2"}},
    ], ABOUT)
    write_reference(run, folder)


def main():
    run_steps("multilingual", __doc__, lambda o: fine_tune(o.data, o.encoder, o.run, o.threads, o.go_on_from), pack)


if __name__ == "__main__":
    main()
