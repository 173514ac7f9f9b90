"""Train the bundled question-answering model (see README.md beside this file)."""

import json
import random
import shutil
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import BertForQuestionAnswering

from answers import open_session, predict, score_answers
from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_reference, write_texts
from bundled_weights import read_weights
from command import run_steps
from fake_quantization import has_ranges, input_ranges, make_roundable, set_ranges, start_rounding
from int8_graph import write_answers
from loop import batches_by_length, optimizers, pad, train
from qa_data import encode, glue, make_unanswerable, read_squad

SEED = 20
OUTPUTS = ["start_logits", "end_logits"]
TOKENS_PER_BATCH = 2048
LOSS_ALLOWED = 2.0  # points of F1 on answerable questions that declining may cost
HELD_OUT = 400  # last questions of squad-train-val5pct: the null threshold is chosen on them
RANGE_BATCHES = 40  # batches by which the ranges of the layers' inputs are set

# Two legs of training, the second from the averaged weights of the first. A stage says how many questions are taken
# of each file: short contexts first, whole paragraphs last. `longest` is a stage's longest row in tokens, `rounded` the
# first stage that feels int8's rounding.
LEGS = [
    {
        "rates": {"encoder": 2e-4, "new": 1e-3},
        "no answer": 0.22,
        "rounded": None,
        "longest": [160, 160],
        "stages": [
            {"squad-train-sentences": 14_500, "qamr": 1_200, "tweetqa": 1_000},
            {"nq-open-oracle": 500, "tydiqa-en": 500, "squadshifts-wiki": 4_000, "squad-emptycity": 3_984,
             "squad-train-val5pct": 3_856},
        ],
    },
    {
        "rates": {"encoder": 1.5e-4, "new": 1.5e-4},
        "no answer": 0.12,
        "rounded": 1,
        "longest": [160, 320],
        "stages": [
            {"squad-train-sentences": 12_000, "squadshifts-reddit": 1_500, "squadshifts-amazon": 1_500,
             "squadshifts-wiki": 7_738, "squad-emptycity": 3_984, "squad-train-val5pct": 3_856},
            {"squadshifts-wiki": 5_000, "squad-emptycity": 3_984, "squad-train-val5pct": 3_856},
        ],
    },
]
SINGLE_SENTENCES = {"squad-train-sentences", "qamr"}


def training_questions(folder: Path, name: str) -> list:
    questions = read_squad(folder / f"{name}.json")
    return questions[:-HELD_OUT] if name == "squad-train-val5pct" else questions


def held_out_questions(folder: Path) -> list:
    return read_squad(folder / "squad-train-val5pct.json")[-HELD_OUT:]


def stage_questions(folder: Path, stage: dict[str, int], no_answer: float, dice: random.Random) -> list:
    """A sample of each file, some of it unanswerable, single sentences among others."""
    questions = []
    for name, count in stage.items():
        every = training_questions(folder, name)
        chosen = make_unanswerable(dice.sample(every, min(count, len(every))), no_answer, dice)
        questions += glue(chosen, dice) if name in SINGLE_SENTENCES else chosen
    return questions


def training_batches(folder: Path, tokenizer: Tokenizer, number: int):
    """A function from stage number to its batches of model arguments, of one leg."""
    leg = LEGS[number]

    @lru_cache(maxsize=None)
    def batches_of(stage: int):
        dice = random.Random(SEED + 100 * number + stage)
        questions = stage_questions(folder, leg["stages"][stage], leg["no answer"], dice)
        rows = encode(questions, tokenizer, leg["longest"][stage], dice)
        groups = batches_by_length([len(row.ids) for row in rows], TOKENS_PER_BATCH, dice)
        return [collate([rows[i] for i in group]) for group in groups]

    return batches_of


def collate(rows) -> dict[str, torch.Tensor]:
    return {
        "input_ids": pad([row.ids for row in rows], 0),
        "attention_mask": pad([[1] * len(row.ids) for row in rows], 0),
        "token_type_ids": pad([[0] * row.second + [1] * (len(row.ids) - row.second) for row in rows], 0),
        "start_positions": torch.tensor([row.first_token for row in rows]),
        "end_positions": torch.tensor([row.last_token for row in rows]),
    }


def make_model(encoder: Path) -> BertForQuestionAnswering:
    """The encoder with a new head; its word table stays as it is."""
    torch.manual_seed(SEED)
    model = BertForQuestionAnswering.from_pretrained(
        encoder, attn_implementation="eager", attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0
    )
    model.bert.embeddings.word_embeddings.requires_grad_(False)
    return model


def make_optimizers(model, rates: dict[str, float]):
    new = list(model.qa_outputs.parameters())
    apart = {id(p) for p in new}
    old = [p for p in model.parameters() if p.requires_grad and id(p) not in apart]
    groups = [{"params": old, "lr": rates["encoder"]}, {"params": new, "lr": rates["new"]}]
    return optimizers(groups, [], decay=0.01)


def fine_tune(data: Path, encoder: Path, run: Path, threads: int, bundled: Path | None):
    """Train and save a Hugging Face folder in `run`, from the first leg on or from bundled weights on."""
    torch.set_num_threads(threads)
    tokenizer = make_tokenizer(encoder)
    model = make_model(encoder)
    make_roundable(model)
    if bundled:
        model.load_state_dict(read_weights(bundled / GRAPH), strict=False)
    for number in range(1 if bundled else 0, len(LEGS)):
        model = train_leg(model, number, data / "qa/train", tokenizer, run)
    model.save_pretrained(run / "model")
    (run / "ranges.json").write_text(json.dumps(input_ranges(model), indent=2))
    tokenizer.save(str(run / "model/tokenizer.json"))
    shutil.copyfile(encoder / "vocab.txt", run / "model/vocab.txt")


def train_leg(model, number: int, folder: Path, tokenizer: Tokenizer, run: Path):
    """Train one leg; returns the averaged model."""
    leg = LEGS[number]
    batches_of = training_batches(folder, tokenizer, number)

    def round_late(stage, trained, averaged):
        if stage == leg["rounded"]:
            if not has_ranges(averaged):
                set_ranges(averaged, batches_of(stage)[:RANGE_BATCHES])
            start_rounding(averaged, trained)

    return train(model, len(leg["stages"]), batches_of, make_optimizers(model, leg["rates"]),
                 run / f"checkpoint-{number}.pt", every=50, before_epoch=round_late)


def make_tokenizer(encoder: Path) -> Tokenizer:
    """The encoder's own, with no padding and no truncation."""
    return load_tokenizer(encoder)


def pack(data: Path, run: Path, folder: Path):
    """Export, quantize, choose the null threshold, and write all but the card."""
    tokenizer = load_tokenizer(run / "model")
    model = BertForQuestionAnswering.from_pretrained(run / "model", attn_implementation="eager")
    make_graphs(model, {name: name for name in OUTPUTS}, write_answers, run, folder)
    write_texts(run, folder, lower_case=True)
    threshold = choose_threshold(open_session(folder / GRAPH), tokenizer, data / "qa/train")
    update_manifest(folder, [{"task": "answers", "settings": {"nullThreshold": threshold}}])
    write_reference(run, folder)


def choose_threshold(session, tokenizer: Tokenizer, folder: Path) -> float:
    """How much more probable than the best span 'no answer' must be to be said.

    The lowest one that costs held-out answerable questions less than `LOSS_ALLOWED` points of F1.
    """
    questions = held_out_questions(folder)
    others = make_unanswerable(questions, 1.0, random.Random(SEED))
    with_answer = [(q.text, q.context, [q.answer]) for q in questions]
    leads = [lead for _, _, lead in predict(session, tokenizer, [(q.text, q.context) for q in others])]
    answers = predict(session, tokenizer, [(q.text, q.context) for q in questions])
    full = score_answers(answers, with_answer, None)["f1"]
    candidates = [round(float(lead), 2) for lead in np.quantile(leads, np.linspace(0.02, 0.6, 59))]
    fit = [c for c in candidates if full - score_answers(answers, with_answer, c)["f1"] < LOSS_ALLOWED]
    return min(fit, default=candidates[-1])


def main():
    run_steps(
        "qa", __doc__,
        train=lambda o: fine_tune(o.data, o.encoder, o.run, o.threads, o.go_on_from),
        pack=lambda o: pack(o.data, o.run, o.folder),
    )


if __name__ == "__main__":
    main()
