"""Train the bundled named-entity model (see README.md beside this file)."""

import copy
import json
import random
from functools import lru_cache
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import BertForTokenClassification

import cased_vocabulary
from bundle import GRAPH, make_graphs, update_manifest, write_reference, write_texts
from bundled_weights import read_weights
from command import run_steps
from fake_quantization import input_ranges, make_roundable, set_ranges, start_rounding
from loop import batches_by_length, optimizers, pad, train
from ner_data import IGNORED, LABEL_ID, LABELS, encode, entities, read_conll, swap_names, vary

SEED = 20
TASK = "token-classification"
# Rounds of training, each from the averaged weights of the one before: epochs, scale of the rates, how long the
# average remembers, the shares of names swapped for others and of pieces hidden, and how often one, two, three, ...
# sentences of a document make one text.
ROUNDS = [
    {"epochs": 8, "scale": 1.0, "average": 0.998, "swapped": 0.0, "hidden": 0.0, "joined": [17, 2, 1]},
    {"epochs": 1, "scale": 0.45, "average": 0.995, "swapped": 0.15, "hidden": 0.05, "joined": [17, 2, 1]},
]
# The last round goes on from the mean of those before, feels int8's rounding, reads longer texts too, and also those
# that the rounds before were watched by.
LAST_ROUND = {"epochs": 2, "scale": 0.5, "average": 0.997, "swapped": 0.15, "hidden": 0.05,
              "joined": [10, 2, 2, 1, 1, 1, 1, 1, 1]}
RANGE_BATCHES = 40  # batches by which the ranges of the layers' inputs are set
VOCABULARY_SIZE = 34_000
TOKENS_PER_BATCH = 768
# How its labels become entities: a word's pieces vote, and the labels' sequence is one that IOB2 allows.
SETTINGS = {"aggregation": "average", "labelScheme": "IOB2"}
RATES = {"encoder": 1.5e-4, "words": 1.5e-4, "new": 1e-3}


def weighted_texts(data: Path):
    """What the vocabulary is counted on: training text of every task, news counted five times."""
    for sentence in read_conll(data / "ner/conll2003/eng.train"):
        yield " ".join(sentence.words), 5
    for sentence in read_conll(data / "ner/wnut17/wnut17train.conll"):
        yield " ".join(sentence.words), 1
    for path in sorted((data / "qa/train").glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                yield paragraph["context"], 1


def make_tokenizer(pieces: list[str]) -> Tokenizer:
    """BERT's tokenizer, with case kept and accents dropped."""
    vocabulary = {piece: i for i, piece in enumerate(pieces)}
    tokenizer = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=False, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    ends = [(token, vocabulary[token]) for token in ("[CLS]", "[SEP]")]
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS]:0 $A:0 [SEP]:0", pair="[CLS]:0 $A:0 [SEP]:0 $B:1 [SEP]:1", special_tokens=ends
    )
    tokenizer.add_special_tokens(cased_vocabulary.SPECIAL)
    return tokenizer


def make_model(encoder: Path, bases: list[int], cases: list[int]) -> BertForTokenClassification:
    """The encoder with cased embeddings and a new head."""
    torch.manual_seed(SEED)
    model = BertForTokenClassification.from_pretrained(
        encoder, num_labels=len(LABELS), id2label=dict(enumerate(LABELS)), label2id=LABEL_ID,
        attn_implementation="eager", attention_probs_dropout_prob=0.0,
    )
    words = model.bert.embeddings.word_embeddings.weight.detach()
    model.bert.embeddings.word_embeddings = cased_vocabulary.CasedEmbedding(words, bases, cases)
    return model


def make_optimizers(model, scale: float):
    """Higher rates for what is new (head, case vectors) than for what is pretrained, or no longer new."""
    words = model.bert.embeddings.word_embeddings
    if not isinstance(words, cased_vocabulary.CasedEmbedding):
        others = [p for p in model.parameters() if p is not words.weight]
        return optimizers([{"params": others, "lr": scale * RATES["encoder"]}],
                          [{"params": [words.weight], "lr": scale * RATES["words"]}], decay=0.01)
    new = [*model.classifier.parameters(), words.case.weight]
    apart = {id(p) for p in [*new, words.base.weight]}
    old = [p for p in model.parameters() if id(p) not in apart]
    groups = [{"params": old, "lr": scale * RATES["encoder"]},
              {"params": new, "lr": scale * RATES["new"]}]
    return optimizers(groups, [{"params": [words.base.weight], "lr": scale * RATES["words"]}], decay=0.01)


def training_batches(sentences, tokenizer, round_number: int, settings: dict):
    """A function from epoch to its batches of model arguments."""

    @lru_cache(maxsize=2)
    def batches_of(epoch: int):
        dice = random.Random(SEED + 100 * round_number + epoch)
        varied = vary(swap_names(sentences, settings["swapped"], dice), dice, settings["joined"])
        rows = [hide(encode(sentence, tokenizer), settings["hidden"], dice) for sentence in varied]
        groups = batches_by_length([len(ids) for ids, _ in rows], TOKENS_PER_BATCH, dice)
        return [collate([rows[i] for i in group]) for group in groups]

    return batches_of


def hide(row, share: float, dice: random.Random):
    """Put [MASK] in the place of a share of a row's pieces."""
    ids, labels = row
    mask = cased_vocabulary.SPECIAL.index("[MASK]")
    return [mask if i > 4 and dice.random() < share else i for i in ids], labels


def collate(rows) -> dict[str, torch.Tensor]:
    ids = pad([ids for ids, _ in rows], 0)
    mask = pad([[1] * len(ids) for ids, _ in rows], 0)
    return {"input_ids": ids, "attention_mask": mask, "labels": pad([labels for _, labels in rows], IGNORED)}


@torch.no_grad()
def torch_f1(model, sentences, tokenizer) -> float:
    """Entity F1 over word pieces, in PyTorch, to watch training by."""
    rows = [encode(sentence, tokenizer, 512) for sentence in sentences]
    right = found = true = 0
    for group in batches_by_length([len(ids) for ids, _ in rows], 1024, random.Random(0)):
        batch = collate([rows[i] for i in group])
        best = model(batch["input_ids"], batch["attention_mask"]).logits.argmax(-1)
        for row, labels in zip(best, batch["labels"]):
            said, gold = (entities([LABELS[i] for i in ids[labels != IGNORED].tolist()]) for ids in (row, labels))
            right, found, true = right + len(said & gold), found + len(said), true + len(gold)
    return 2 * right / (found + true)


def fine_tune(data: Path, encoder: Path, run: Path, threads: int, bundled: Path | None):
    """Train and save a Hugging Face folder in `run`.

    With `bundled` the rounds are left out: their weights are those of that bundled model.
    """
    torch.set_num_threads(threads)
    if bundled:
        pieces = cased_vocabulary.read_vocabulary(bundled / "vocab.txt")
        model = read_model(encoder, bundled)
    else:
        base = cased_vocabulary.read_vocabulary(encoder / "vocab.txt")
        pieces, bases, cases = cased_vocabulary.build_vocabulary(base, weighted_texts(data), VOCABULARY_SIZE)
        model = make_model(encoder, bases, cases)
    tokenizer = make_tokenizer(pieces)
    sentences = read_conll(data / "ner/conll2003/eng.train")
    held_out = read_conll(data / "ner/conll2003/eng.testa")

    def report(epoch: int, averaged) -> None:
        print(f"epoch {epoch + 1}: testa F1 {torch_f1(averaged, held_out, tokenizer):.4f}", flush=True)

    if not bundled:
        rounds = []
        for number, settings in enumerate(ROUNDS):
            model = train_round(model, training_batches(sentences, tokenizer, number, settings), settings,
                                run / f"checkpoint-{number}.pt", report)
            rounds.append(model)
        model = mean_of(rounds)
        set_table(model, model.bert.embeddings.word_embeddings.folded())
    make_roundable(model)
    batches_of = training_batches(sentences + held_out, tokenizer, len(ROUNDS), LAST_ROUND)
    set_ranges(model, batches_of(0)[:RANGE_BATCHES])
    start_rounding(model)
    model = train_round(model, batches_of, LAST_ROUND, run / f"checkpoint-{len(ROUNDS)}.pt")
    save(model, tokenizer, pieces, run)


def train_round(model, batches_of, settings: dict, checkpoint: Path, report=None):
    """The averaged model after a round; goes on from its checkpoint where there is one."""
    return train(model, settings["epochs"], batches_of, make_optimizers(model, settings["scale"]), checkpoint,
                 average=settings["average"], after_epoch=report)


def set_table(model: BertForTokenClassification, table: torch.Tensor) -> None:
    """Give the model a plain embedding table, trained row by row."""
    words = torch.nn.Embedding.from_pretrained(table.clone(), freeze=False, sparse=True)
    model.bert.embeddings.word_embeddings = words
    model.config.vocab_size = len(table)


def read_model(encoder: Path, bundled: Path) -> BertForTokenClassification:
    """The bundled model in fp32, as far as its int8 weights tell."""
    weights = read_weights(bundled / GRAPH)
    table = weights.pop("bert.embeddings.word_embeddings.weight")
    model = make_model(encoder, [0], [0])
    set_table(model, table)
    model.load_state_dict(weights, strict=False)
    return model


@torch.no_grad()
def mean_of(models):
    """One model whose weights are the mean of theirs: here a little better on testa than each of them."""
    mean = copy.deepcopy(models[0])
    for parameters in zip(mean.parameters(), *(model.parameters() for model in models)):
        parameters[0].copy_(torch.stack(parameters[1:]).mean(dim=0))
    return mean


def save(model, tokenizer, pieces, run: Path):
    """Write the model as plain BERT with its tokenizer, and the ranges of its layers' inputs."""
    folder = run / "model"
    model.save_pretrained(folder)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")
    (run / "ranges.json").write_text(json.dumps(input_ranges(model), indent=2))


def pack(run: Path, folder: Path):
    """Export, quantize, and write all but the card."""
    model = BertForTokenClassification.from_pretrained(run / "model", attn_implementation="eager")
    make_graphs(model, TASK, run, folder)
    write_texts(run, folder, lower_case=False)
    update_manifest(folder, "entities", labels=LABELS, settings=SETTINGS)
    write_reference(run, folder)


def main():
    run_steps(
        "ner", __doc__,
        train=lambda o: fine_tune(o.data, o.encoder, o.run, o.threads, o.go_on_from),
        pack=lambda o: pack(o.run, o.folder),
    )


if __name__ == "__main__":
    main()
