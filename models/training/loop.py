"""The training loop: linear warm-up and decay, averaged weights, checkpoints to go on from."""

import copy
import random
import time
from pathlib import Path

import torch


def batches_by_length(lengths: list[int], budget: int, dice: random.Random) -> list[list[int]]:
    """Group example numbers of like length so that rows x longest row stays within `budget`; shuffled."""
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + dice.random() * 4)
    batches, batch = [], []
    for i in order:
        if batch and (len(batch) + 1) * max(lengths[i], lengths[batch[-1]]) > budget:
            batches.append(batch)
            batch = []
        batch.append(i)
    batches.append(batch)
    dice.shuffle(batches)
    return batches


def pad(rows: list[list[int]], value: int) -> torch.Tensor:
    """Rows of unequal length as one int64 tensor [rows, longest]."""
    longest = max(map(len, rows))
    return torch.tensor([row + [value] * (longest - len(row)) for row in rows])


def optimizers(groups: list[dict], sparse: list[dict], decay: float) -> list[torch.optim.Optimizer]:
    """AdamW for dense parameters and, for embedding tables, an Adam that touches the rows seen."""
    made = [torch.optim.AdamW(groups, weight_decay=decay, fused=True)]
    return made + ([torch.optim.SparseAdam(sparse)] if sparse else [])


def train(model, epochs: int, batches_of, optimizers, checkpoint: Path, warm_up=0.06, average=0.998,
          every=150, before_epoch=None, after_epoch=None):
    """Train and return the averaged model.

    `batches_of(epoch)` gives that epoch's batches, the same ones every time it is asked: lists of model
    arguments. A run that was stopped goes on from `checkpoint`. `before_epoch(epoch, model, averaged)` is called
    once an epoch, also when a run goes on in its middle; `after_epoch(epoch, averaged)` at its end.
    """
    total = sum(len(batches_of(epoch)) for epoch in range(epochs))
    averaged = copy.deepcopy(model).eval()
    base_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    step, start = resume(checkpoint, model, averaged, optimizers), 0
    began, tokens, losses = time.time(), 0, []
    for epoch in range(epochs):
        batches = batches_of(epoch)
        if before_epoch and step < start + len(batches):
            before_epoch(epoch, model, averaged)
        for number, batch in enumerate(batches, start):
            if number < step:
                continue
            _set_rates(optimizers, base_rates, number, total, warm_up)
            model.train()
            loss = model(**batch).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_([p for g in optimizers[0].param_groups for p in g["params"]], 1.0)
            for optimizer in optimizers:
                optimizer.step()
                optimizer.zero_grad()
            step = number + 1
            average_into(averaged, model, min(average, step / (step + 10)))
            losses.append(loss.item())
            tokens += batch["input_ids"].numel()
            if step % every == 0 or step == total:
                save(checkpoint, step, model, averaged, optimizers)
                rate = tokens / (time.time() - began)
                print(f"step {step}/{total} loss {sum(losses) / len(losses):.4f} {rate:.0f} tokens/s", flush=True)
                losses = []
        start += len(batches)
        if after_epoch and step == start:
            after_epoch(epoch, averaged)
    return averaged


def _set_rates(optimizers, base_rates, step, total, warm_up):
    scale_rates(optimizers, base_rates, min((step + 1) / (warm_up * total), (total - step) / ((1 - warm_up) * total)))


def scale_rates(optimizers, base_rates, scale):
    for optimizer, rates in zip(optimizers, base_rates):
        for group, rate in zip(optimizer.param_groups, rates):
            group["lr"] = rate * scale


@torch.no_grad()
def average_into(averaged, model, keep):
    for mean, value in zip(averaged.parameters(), model.parameters()):
        if value.requires_grad:
            mean.lerp_(value, 1 - keep)


def save(path, step, model, averaged, optimizers):
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {"step": step, "model": model.state_dict(), "averaged": averaged.state_dict(),
             "optimizers": [optimizer.state_dict() for optimizer in optimizers]}
    torch.save(state, path.with_suffix(".new"))
    path.with_suffix(".new").replace(path)


def resume(path, model, averaged, optimizers):
    """Load what `save` left; returns the step, 0 where there is nothing."""
    if not path.exists():
        return 0
    state = torch.load(path, map_location="cpu")
    model.load_state_dict(state["model"])
    averaged.load_state_dict(state["averaged"])
    for optimizer, saved in zip(optimizers, state["optimizers"]):
        optimizer.load_state_dict(saved)
    return state["step"]
