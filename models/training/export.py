"""Write a fine-tuned model as ONNX, in the shape Hugging Face exports have."""

import warnings
from pathlib import Path

import torch

OUTPUTS = {
    "token-classification": ["logits"],
    "question-answering": ["start_logits", "end_logits"],
}


def export_onnx(model, task: str, path: Path) -> None:
    """Trace `model` to `path`; inputs are int64 [batch, sequence], every output keeps both axes free."""
    path.parent.mkdir(parents=True, exist_ok=True)
    model = model.eval()
    names = ["input_ids", "attention_mask", "token_type_ids"]
    outputs = OUTPUTS[task]
    axes = {name: {0: "batch", 1: "sequence"} for name in names + outputs}
    example = torch.ones(2, 7, dtype=torch.int64)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            _Positional(model, outputs),
            (example, example, torch.zeros_like(example)),
            str(path),
            input_names=names,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=17,
            dynamo=False,
        )


class _Positional(torch.nn.Module):
    """Calls a transformers model with its three inputs by position and returns its named outputs."""

    def __init__(self, model, outputs):
        super().__init__()
        self.model = model
        self.outputs = outputs

    def forward(self, input_ids, attention_mask, token_type_ids):
        result = self.model(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        )
        return tuple(result[name] for name in self.outputs)
