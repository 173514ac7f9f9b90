"""Write a fine-tuned model as ONNX, in the shape Hugging Face exports have."""

import warnings
from pathlib import Path

import torch

def export_onnx(model, outputs: dict[str, str], path: Path) -> None:
    """Trace `model` to `path`; inputs are int64 [batch, sequence], every output keeps both axes free.

    `outputs`: the name of each of the model's outputs, and the graph's.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    model = _Positional(model.eval(), list(outputs))
    example = torch.ones(2, 7, dtype=torch.int64)
    example = (example, example, torch.zeros_like(example))
    names = ["input_ids", "attention_mask", "token_type_ids"]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        per_token = [each.shape[1:2] == example[0].shape[1:2] for each in model(*example)]
        axes = {name: {0: "batch", 1: "sequence"} for name in names}
        axes |= {name: {0: "batch", 1: "sequence"} if free else {0: "batch"}
                 for name, free in zip(outputs.values(), per_token)}
        torch.onnx.export(
            model,
            example,
            str(path),
            input_names=names,
            output_names=list(outputs.values()),
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )


class _Positional(torch.nn.Module):
    """Calls a model with its three inputs by position and returns its named outputs."""

    def __init__(self, model, outputs):
        super().__init__()
        self.model = model
        self.outputs = outputs

    def forward(self, input_ids, attention_mask, token_type_ids):
        result = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        )
        return tuple(result[name] for name in self.outputs)
