"""The training loop for a time that is given: rates go by the clock, and several processes change the same weights.

Each process takes the next batch that nobody has taken, and steps on the shared weights without waiting for the
others (Recht et al. 2011, arXiv:1106.5730). So a core that other work holds up delays no other core.
"""

import copy
import os
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import multiprocessing

from fake_quantization import has_ranges, set_ranges, start_rounding
from loop import average_into, resume, save, scale_rates

WARM_UP = 0.05
AVERAGE = 0.99  # of the average, kept at each of its steps
AVERAGE_EVERY = 5  # steps of the first process
ROUND_FROM = 0.75  # share of the time after which int8's rounding is felt
RANGE_BATCHES = 40  # batches by which the ranges of the layers' inputs are set
SAVE_EVERY = 240.0  # seconds
REPORT_EVERY = 200  # steps of the first process


@dataclass
class Shared:
    """What the processes tell each other: the next batch to take, and the share of the time that has passed."""

    position: object
    progress: object


def train_within(seconds: float, processes: int, model, loss_of, rounds, optimizers, checkpoint: Path, after_round,
                 round_from: float = ROUND_FROM, clock=time.time):
    """Train and return the averaged model.

    `rounds(number)` gives the batches of a round, the same ones every time it is asked; `loss_of(model, batch)` the loss
    and each head's own. A run that was stopped goes on from `checkpoint`. `after_round(number, averaged)` is called when the
    first process has done its part of a round. From the share `round_from` of the time on, which `clock` tells in seconds,
    int8's rounding is felt.
    """
    torch.set_num_threads(1)
    base_rates = [[group["lr"] for group in optimizer.param_groups] for optimizer in optimizers]
    averaged = copy.deepcopy(model).eval()
    at = resume(checkpoint, model, averaged, optimizers) or {"position": 0, "step": 0, "spent": 0.0}
    model.share_memory()
    fork = multiprocessing.get_context("fork")
    shared = Shared(fork.Value("q", at["position"]), fork.Value("d", at["spent"] / seconds))
    helpers = [fork.Process(target=_help, args=(shared, model, loss_of, rounds, optimizers, base_rates, round_from), daemon=True)
               for _ in range(processes - 1)]
    for helper in helpers:
        helper.start()
    began, saved, losses, before = clock() - at["spent"], at["spent"], {}, None
    rounding = False
    for number, batch in _batches(shared, rounds):
        if before is not None and number > before:
            after_round(number, averaged)
        before = number
        shared.progress.value = (clock() - began) / seconds
        if shared.progress.value >= round_from and not rounding:
            if not has_ranges(averaged):
                inputs = {"input_ids", "attention_mask", "token_type_ids"}
                set_ranges(averaged, [{name: each[name] for name in inputs & each.keys()} for each in rounds(number)[:RANGE_BATCHES]])
            start_rounding(averaged, model)
            rounding = True
        for name, value in _step(model, loss_of, batch, optimizers, base_rates, shared.progress.value).items():
            losses.setdefault(name, []).append(value)
        at["step"] += 1
        if at["step"] % AVERAGE_EVERY == 0:
            average_into(averaged, model, min(AVERAGE, at["step"] / (at["step"] + 50)))
        if at["step"] % REPORT_EVERY == 0:
            means = ", ".join(f"{name} {sum(each) / len(each):.4f}" for name, each in losses.items())
            print(f"{clock() - began:.0f} s, round {number}, batch {shared.position.value}: {means}", flush=True)
            losses = {}
        at.update(position=shared.position.value, spent=clock() - began)
        if at["spent"] - saved > SAVE_EVERY or shared.progress.value >= 1:
            save(checkpoint, at, model, averaged, optimizers)
            saved = at["spent"]
    for helper in helpers:
        helper.join()
    return averaged


def _help(shared: Shared, model, loss_of, rounds, optimizers, base_rates, round_from):
    """What the other processes do: steps alone, as long as the first process lives."""
    rounding, first = False, os.getppid()
    for _, batch in _batches(shared, rounds):
        if os.getppid() != first:
            return
        if not rounding and shared.progress.value >= round_from and has_ranges(model):
            start_rounding(model)
            rounding = True
        _step(model, loss_of, batch, optimizers, base_rates, shared.progress.value)


def _batches(shared: Shared, rounds):
    """(round, batch), each taken by one process, until the time is over."""
    number, first, batches = 0, 0, rounds(0)
    while shared.progress.value < 1:
        with shared.position.get_lock():
            position = shared.position.value
            shared.position.value += 1
        while position >= first + len(batches):
            number, first = number + 1, first + len(batches)
            batches = rounds(number)
        yield number, batches[position - first]


def _step(model, loss_of, batch, optimizers, base_rates, progress: float) -> dict[str, float]:
    scale_rates(optimizers, base_rates, max(0.0, min((progress + 1e-3) / WARM_UP, (1 - progress) / (1 - WARM_UP))))
    model.train()
    loss, parts = loss_of(model, batch)
    loss.backward()
    torch.nn.utils.clip_grad_norm_([p for group in optimizers[0].param_groups for p in group["params"]], 1.0)
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad()
    return parts
