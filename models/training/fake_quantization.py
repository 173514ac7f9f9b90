"""Train with the rounding that int8 will bring (quantization-aware training).

Every linear layer sees its input and its weights as the int8 graph will: inputs as uint8 in a fixed range,
weights as 7 bits by column; gradients pass straight through (Jacob et al. 2018, arXiv:1712.05877). Ranges are
the means, over some batches, of the smallest and the largest value.
"""

import torch
from torch.nn import functional

WEIGHT_STEPS = 64  # 7 bits, symmetric


class RoundedLinear(torch.nn.Linear):
    """A linear layer that can watch the range of its inputs, and round inputs and weights."""

    @classmethod
    def from_linear(cls, linear: torch.nn.Linear) -> "RoundedLinear":
        linear.__class__ = cls
        linear.watching, linear.rounding, linear.seen = False, False, []
        for name in ("low", "high"):
            linear.register_buffer(name, torch.zeros(()))
        return linear

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        if self.watching:
            self.seen.append((float(values.min()), float(values.max())))
        if not self.rounding:
            return functional.linear(values, self.weight, self.bias)
        scale = float(self.high - self.low) / 255
        zero = min(255, max(0, round(-float(self.low) / scale)))
        return functional.linear(_Rounded.apply(values, scale, -zero, 255 - zero),
                                 _RoundedByRow.apply(self.weight), self.bias)


class _Rounded(torch.autograd.Function):
    """Values as multiples of `scale` from `least` to `most`; the gradient passes where they are in between."""

    @staticmethod
    def forward(ctx, values, scale, least, most):
        steps = torch.div(values, scale).round_()
        ctx.save_for_backward((steps >= least) & (steps <= most))
        return steps.clamp_(least, most).mul_(scale)

    @staticmethod
    def backward(ctx, gradient):
        (inside,) = ctx.saved_tensors
        return gradient * inside, None, None, None


class _RoundedByRow(torch.autograd.Function):
    """Each row of a matrix as multiples of the largest value's 64th part; the gradient passes."""

    @staticmethod
    def forward(ctx, weight):
        scale = weight.abs().amax(dim=1, keepdim=True).clamp_min_(1e-8).div_(WEIGHT_STEPS)
        return torch.div(weight, scale).round_().mul_(scale)

    @staticmethod
    def backward(ctx, gradient):
        return gradient


def make_roundable(model: torch.nn.Module) -> None:
    """Turn every linear layer of `model` into one that can round."""
    for module in list(model.modules()):
        if type(module) is torch.nn.Linear:
            RoundedLinear.from_linear(module)


def rounded_layers(model: torch.nn.Module) -> dict[str, RoundedLinear]:
    return {name: module for name, module in model.named_modules() if isinstance(module, RoundedLinear)}


def has_ranges(model: torch.nn.Module) -> bool:
    """Whether ranges were set, perhaps by the run that this one goes on from."""
    return all(layer.high > layer.low for layer in rounded_layers(model).values())


@torch.no_grad()
def set_ranges(model: torch.nn.Module, batches: list[dict[str, torch.Tensor]]) -> None:
    """Set each layer's input range by the forward passes of `batches`."""
    layers = rounded_layers(model).values()
    for layer in layers:
        layer.watching, layer.seen = True, []
    was_training = model.training
    model.eval()
    for batch in batches:
        model(**batch)
    model.train(was_training)
    for layer in layers:
        layer.watching = False
        layer.low.fill_(min(0.0, sum(low for low, _ in layer.seen) / len(layer.seen)))
        layer.high.fill_(max(0.0, sum(high for _, high in layer.seen) / len(layer.seen)))


def start_rounding(*models: torch.nn.Module) -> None:
    """Round from now on, all of `models` with the ranges of the first."""
    ranges = {name: (layer.low, layer.high) for name, layer in rounded_layers(models[0]).items()}
    for model in models:
        for name, layer in rounded_layers(model).items():
            layer.rounding = True
            layer.low.copy_(ranges[name][0])
            layer.high.copy_(ranges[name][1])


def input_ranges(model: torch.nn.Module) -> dict[str, tuple[float, float]]:
    """Each linear layer's name with the range of its inputs."""
    return {name: (float(layer.low), float(layer.high)) for name, layer in rounded_layers(model).items()}
