"""Train the bundled question-answering model (see README.md beside this file)."""

import copy
import json
import shutil
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch.nn.functional import kl_div
from transformers import BertForQuestionAnswering

from answers import open_session, predict, score_answers
from bundle import GRAPH, load_tokenizer, make_graphs, update_manifest, write_reference, write_texts
from bundled_weights import read_weights
from command import run_steps
from fake_quantization import has_ranges, input_ranges, make_roundable, set_ranges, start_rounding
from figures import PEOPLE
from int8_graph import write_answers
from loop import optimizers, train
from many_headed import keep
from qa_legs import DECLINING, FOR_FIGURES, LEGS, SEED, held_out_questions, rounds_of_declining, training_batches
from timed_loop import train_within

INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUTS = ["start_logits", "end_logits"]
LOSS_ALLOWED = 1.8  # points of F1 on held-out answerable questions that declining may cost, so that others lose under 2
RANGE_BATCHES = 40  # batches by which the ranges of the layers' inputs are set


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
    """Train and save a Hugging Face folder in `run`: to answer, from the encoder on; to decline, from bundled weights on."""
    torch.set_num_threads(1 if bundled else threads)  # processes that are forked have one each
    tokenizer = load_tokenizer(encoder)
    model = make_model(encoder)
    make_roundable(model)
    if bundled:
        model.load_state_dict(read_weights(bundled / GRAPH), strict=False)
        model = learn_to_decline(model, data / "qa/train", tokenizer, run, threads)
    else:
        for number in range(len(LEGS)):
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


def learn_to_decline(model, folder: Path, tokenizer: Tokenizer, run: Path, processes: int):
    """Go on training with questions that have no answer among others; returns the averaged model."""
    first = copy.deepcopy(model).eval()
    model = train_within(60 * DECLINING["minutes"], processes, model, loss_beside(first), rounds_of_declining(folder, tokenizer),
                         make_optimizers(model, DECLINING["rates"]), run / "checkpoint-declining.pt", lambda *_: None)
    keep(model, first, DECLINING["kept"])
    return model


def loss_beside(first):
    """The loss of a batch: of what is right, and of how far answers are from those of the `first` model, so that they stay."""

    def loss(model, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        answered = batch["start_positions"] > 0
        with torch.autocast("cpu", torch.bfloat16):
            given = model(**batch)
        if not answered.any():
            return given.loss, {"answers": float(given.loss.detach())}
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            before = first(**{name: batch[name][answered] for name in INPUTS})
        changes = [kl_div(given[name][answered].float().log_softmax(-1), before[name].float().log_softmax(-1),
                          reduction="sum", log_target=True) for name in OUTPUTS]
        changed = sum(changes) / len(answered)
        return given.loss + changed, {"answers": float(given.loss.detach()), "changed": float(changed.detach())}

    return loss


def pack(data: Path, run: Path, folder: Path):
    """Export, quantize, choose the null threshold, and write all but the card."""
    tokenizer = load_tokenizer(run / "model")
    model = BertForQuestionAnswering.from_pretrained(run / "model", attn_implementation="eager")
    make_graphs(model, {name: name for name in OUTPUTS}, write_answers, run, folder)
    write_texts(run, folder, lower_case=True)
    threshold = choose_threshold(open_session(folder / GRAPH), tokenizer, data / "qa/train")
    update_manifest(folder, [{"task": "answers", "settings": {"nullThreshold": threshold}}])
    write_reference(run, folder)
    write_people(data / "qa/train", run)


def choose_threshold(session, tokenizer: Tokenizer, folder: Path) -> float:
    """How much more probable than the best span 'no answer' must be to be said.

    The lowest one that costs held-out answerable questions less than `LOSS_ALLOWED` points of F1.
    """
    examples = [(q.text, q.context, [q.answer]) for q in held_out_questions(folder)]
    answers = predict(session, tokenizer, [(question, context) for question, context, _ in examples])
    full = score_answers(answers, examples, None)["f1"]
    return next(step / 100 for step in range(-100, 101)
                if full - score_answers(answers, examples, step / 100)["f1"] < LOSS_ALLOWED)


def write_people(folder: Path, run: Path):
    """Leave the articles that figures are made of in `run`, in SQuAD 2.0's shape."""
    articles = json.loads((folder / "squad2-train-ten-articles.json").read_text(encoding="utf-8"))["data"]
    kept = [article for article in articles if article["title"] in FOR_FIGURES]
    (run / PEOPLE).write_text(json.dumps({"version": "v2.0", "data": kept}), encoding="utf-8")


def main():
    run_steps("qa", __doc__, lambda o: fine_tune(o.data, o.encoder, o.run, o.threads, o.go_on_from), pack)


if __name__ == "__main__":
    main()
