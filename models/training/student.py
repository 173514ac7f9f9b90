"""Smaller students of a model of several heads: what is left out of it, and the loss that its teacher gives."""

import torch
from torch.nn import functional

from english_data import IGNORED
from many_headed import WEIGHTS, ManyHeaded, read

CHOSEN_BY = 6  # batches by which layers and neurons are chosen


def distance(logits: dict[str, torch.Tensor], said: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> torch.Tensor:
    """The mean square between both logits (Kim et al. 2021, arXiv:2105.08919), of texts and of tokens that are no padding.

    Where a label contradicts the teacher it is not believed.
    """
    best = {head: each.argmax(-1) for head, each in said.items()}
    believed = {
        "entities": (batch["entities"] == 0) | ((batch["entities"] >> best["entities"]) & 1 > 0),
        "tags": (batch["tags"] == IGNORED) | (batch["tags"] == best["tags"]),
    }
    real = batch["attention_mask"] > 0
    return sum(WEIGHTS[head] * functional.mse_loss(*((each[real & believed[head]] if head in believed else each)
                                                     for each in (given, said[head]))) for head, given in logits.items())


def taught_by(teacher):
    """The loss by the labels together with the distance from the teacher."""
    def loss(model: ManyHeaded, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        logits = model.logits(batch)
        labelled, parts = model.losses(logits, batch)
        apart = distance(logits, read(teacher, batch), batch)
        return labelled + apart, {**parts, "distance": float(apart.detach())}

    return loss


@torch.no_grad()
def drop_layers(model: ManyHeaded, count: int, teacher, batches: list[dict]) -> None:
    """Leave out one layer after the other, each time that without which the model stays nearest to its teacher."""
    encoder, said = model.bert.encoder, [read(teacher, each) for each in batches]
    model.eval()
    while len(encoder.layer) > count:
        layers, apart = list(encoder.layer), []
        rests = [torch.nn.ModuleList(layers[:left_out] + layers[left_out + 1:]) for left_out in range(len(layers))]
        for encoder.layer in rests:
            apart.append(sum(float(distance(read(model, each), known, each)) for each, known in zip(batches, said)))
        left_out = apart.index(min(apart))
        print(f"of {len(layers)} layers number {left_out} is left out", flush=True)
        encoder.layer = rests[left_out]
    model.config.num_hidden_layers = count


@torch.no_grad()
def prune_neurons(model: ManyHeaded, width: int, batches: list[dict]) -> None:
    """Keep of each feed-forward layer the neurons that vary its output most; what the others give on average joins the bias."""
    seen = {layer: [] for layer in model.bert.encoder.layer}
    watches = [layer.intermediate.register_forward_hook(lambda _, __, values, into=into: into.append(values.flatten(0, 1)))
               for layer, into in seen.items()]
    model.eval()
    for each in batches:
        read(model, each)
    for watch in watches:
        watch.remove()
    for layer, values in seen.items():
        values, into, out = torch.cat(values), layer.intermediate.dense, layer.output.dense
        order = (values.var(dim=0) * out.weight.square().sum(dim=0)).argsort(descending=True)
        kept, pruned = order[:width].sort().values, order[width:]
        out.bias += out.weight[:, pruned] @ values.mean(dim=0)[pruned]
        out.weight = torch.nn.Parameter(out.weight[:, kept])
        into.weight, into.bias = (torch.nn.Parameter(each[kept]) for each in (into.weight, into.bias))
    model.config.intermediate_size = width
