"""Train the bundled English model: entities, parts of speech and sentiment in one pass (see README.md)."""

import copy
import json
import random
from functools import lru_cache
from pathlib import Path

import torch
from tokenizers import Tokenizer
from transformers import BertModel

import cased_vocabulary
import development
from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_reference, write_texts
from bundled_weights import read_model
from command import run_steps
from corpora import read_everything, weighted_texts
from english_data import ENTITIES, Example, collate, encode
from fake_quantization import make_roundable
from int8_graph import write_many_headed
from loop import batches_by_length, optimizers
from many_headed import OUTPUTS, TEXT_HEADS, TOKEN_HEADS, ManyHeaded, config_of, keep, load, save, set_table
from student import CHOSEN_BY, prune_neurons, taught_by
from timed_loop import train_within
from variation import address_blocks, names_of, so_often, swap_names, vary

SEED = 20
VOCABULARY_SIZE = 34_000
DROPOUT = {"hidden_dropout_prob": 0.05, "attention_probs_dropout_prob": 0.0}
WIDTH = 768  # neurons of a feed-forward layer that a wider model keeps when it is gone on from
MINUTES = 92
TOKENS_PER_BATCH = 1024
RATES = {"encoder": 2e-4, "words": 2e-4, "new": 1e-3}
WATCHED = 700  # examples of each development set that a round ends with
SWAPPED, HIDDEN = 0.15, 0.05  # shares of names swapped for others and of pieces hidden
# How often a round takes each source, and how often one, two, three, ... sentences of it make one text.
SENTENCES = {
    "conll": (1.5, [14, 2, 1, 1, 1]),
    "ewt": (1.5, [14, 2, 1, 1]),
    "gum": (1.5, [14, 2, 1]),
    "wnut": (2.0, [14, 1, 1]),
    "tweebank": (3.0, [14, 1, 1]),
    "crossner": (2.0, [14, 1]),
    "written": (2.0, [14, 2]),
}
FEELINGS = 0.5  # how often a round takes the texts whose sentiment is known
ADDRESSES = 400  # letterheads and signatures of a round
# How much of a bundled model's weights is kept in those of the same shape that it became (Wortsman et al. 2022, arXiv:2109.01903).
KEPT = 0.15


def round_of(number: int, sources: dict[str, dict[str, list[Example]]], tokenizer: Tokenizer, feelings=FEELINGS) -> list[dict]:
    """A round's batches, of all sources mixed; `feelings`: how often it takes the texts whose sentiment is known."""
    dice = random.Random(SEED + number)
    names = names_of([example for name in SENTENCES for example in sources[name]["train"]])
    rows = [encode(each, tokenizer, 0.0, dice) for each in address_blocks(names, ADDRESSES, dice)]
    for name, (times, joined) in SENTENCES.items():
        for taken in so_often(sources[name]["train"], times, dice):
            varied = vary(swap_names(taken, names, SWAPPED, dice), dice, joined)
            rows += [encode(example, tokenizer, HIDDEN, dice) for example in varied]
    for taken in so_often(sources["goemotions"]["train"], feelings, dice):
        rows += [encode(example, tokenizer, HIDDEN, dice) for example in taken]
    groups = batches_by_length([len(row.ids) for row in rows], TOKENS_PER_BATCH, dice)
    return [collate([rows[i] for i in group]) for group in groups]


def new_model(data: Path, encoder: Path) -> tuple[ManyHeaded, list[str]]:
    """The encoder with cased embeddings and new heads, and its vocabulary."""
    torch.manual_seed(SEED)
    base = cased_vocabulary.read_vocabulary(encoder / "vocab.txt")
    pieces, bases, cases = cased_vocabulary.build_vocabulary(base, weighted_texts(data), VOCABULARY_SIZE)
    plain_bert = BertModel.from_pretrained(encoder, add_pooling_layer=False)
    model = ManyHeaded(config_of(plain_bert.config.to_dict() | DROPOUT))
    model.bert.load_state_dict(plain_bert.state_dict())
    words = plain_bert.embeddings.word_embeddings.weight.detach()
    model.bert.embeddings.word_embeddings = cased_vocabulary.CasedEmbedding(words, bases, cases)
    return model, pieces


def bundled_model(bundled: Path) -> tuple[ManyHeaded, list[str]]:
    """A bundled model and its vocabulary."""
    torch.manual_seed(SEED)
    return read_model(bundled, TOKEN_HEADS, TEXT_HEADS, DROPOUT), cased_vocabulary.read_vocabulary(bundled / "vocab.txt")


def make_optimizers(model: ManyHeaded):
    """Higher rates for what is new (heads of texts, case vectors) than for what is trained already."""
    words = model.bert.embeddings.word_embeddings
    cased = isinstance(words, cased_vocabulary.CasedEmbedding)
    table = words.base.weight if cased else words.weight
    new = [p for layer in (model.pooler, model.texts) for p in layer.parameters()]
    new += [words.case.weight] if cased else []
    apart = {id(p) for p in [*new, table]}
    old = [p for p in model.parameters() if id(p) not in apart]
    groups = [{"params": old, "lr": RATES["encoder"]}, {"params": new, "lr": RATES["new"]}]
    return optimizers(groups, [{"params": [table], "lr": RATES["words"]}], decay=0.01)


def fine_tune(data: Path, encoder: Path, run: Path, processes: int, bundled: Path | None):
    """Train from the encoder on, or from a bundled model, and leave weights, ranges and tokenizer in `run`.

    A bundled model that is wider than `WIDTH` is pruned, and teaches what is left of it.
    """
    torch.set_num_threads(1)  # each process has one, so that they can be forked and none waits for another
    model, pieces = bundled_model(bundled) if bundled else new_model(data, encoder)
    sources, tokenizer = read_everything(data), cased_vocabulary.make_tokenizer(pieces)

    def report(number, averaged):
        figures = development.figures(averaged, sources, tokenizer, WATCHED)
        print(f"round {number}:", json.dumps({name: round(value, 4) for name, value in figures.items()}), flush=True)

    @lru_cache(maxsize=1)
    def rounds(number: int):
        return round_of(number, sources, tokenizer)

    loss, first = ManyHeaded.loss, None
    if bundled and model.config.intermediate_size > WIDTH:
        prune_neurons(model, WIDTH, rounds(0)[:CHOSEN_BY])
        loss = taught_by(development.graph_logits(bundled / GRAPH, threads=1))
    elif bundled:
        first = copy.deepcopy(model)
    make_roundable(model)
    model = train_within(60 * MINUTES, processes, model, loss, rounds, make_optimizers(model), run / "checkpoint.pt", report)
    if first:
        keep(model, first, KEPT)
    words = model.bert.embeddings.word_embeddings
    if isinstance(words, cased_vocabulary.CasedEmbedding):
        set_table(model, words.folded())
    save(model, run)
    tokenizer.save(str(run / "model/tokenizer.json"))
    (run / "model/vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")


def pack(data: Path, run: Path, folder: Path):
    """Calibrate what the int8 graph gives, export, quantize, and write all but the card."""
    model = load(run)
    write_many_headed(model, json.loads((run / "ranges.json").read_text()), run / GRAPH)
    sources, tokenizer = read_everything(data), load_tokenizer(run / "model")
    sets = {name: development.read(development.graph_logits(run / GRAPH), sources[name]["dev"], tokenizer)
            for name in (*development.CALIBRATED_ON, "goemotions")}
    temperatures = development.temperatures(sets)
    thresholds = development.thresholds(sets["goemotions"], temperatures["sentiment"])
    print("temperatures", temperatures, "thresholds", thresholds)
    model.cool(temperatures)
    make_graphs(model, {head: OUTPUTS[head] for head in TOKEN_HEADS | TEXT_HEADS}, write_many_headed, run, folder)
    write_texts(run, folder, lower_case=False)
    update_manifest(folder, [
        # A word's pieces vote, and the labels' sequence is one that IOB2 allows.
        head("entities", settings={"aggregation": "average", "labelScheme": "IOB2"}),
        head("tags"),
        head("sentiment", task="labels", settings={"activation": "sigmoid", "thresholds": thresholds}),
    ])
    write_reference(run, folder)


def head(name: str, task: str | None = None, settings: dict | None = None) -> dict:
    """A head's entry in the manifest."""
    return {"task": task or name, **({"name": name} if task else {}), "output": OUTPUTS[name],
            "labels": {**TOKEN_HEADS, **TEXT_HEADS}[name], **({"onRequest": True} if task == "labels" else {}),
            **({"settings": settings} if settings else {})}


def main():
    run_steps("en", __doc__, lambda o: fine_tune(o.data, o.encoder, o.run, o.threads, o.go_on_from), pack)


if __name__ == "__main__":
    main()
