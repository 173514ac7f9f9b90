"""Read a bundled int8 graph back into fp32 weights, to go on training from it."""

import json
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from bundle import GRAPH
from many_headed import ManyHeaded, config_of, set_table


def read_weights(graph: Path) -> dict[str, torch.Tensor]:
    """The state of a BERT model by its PyTorch names, from a graph of `int8_graph`; what its int8 values stand for."""
    model = onnx.load(graph).graph
    values = {each.name: numpy_helper.to_array(each, str(graph.parent)) for each in model.initializer}
    state = {}
    for node in model.node:
        if node.op_type == "LayerNormalization":
            state.update({name: values[name] for name in node.input[1:]})
        elif node.op_type == "DequantizeLinear":
            table = node.input[1].removesuffix(".scale")
            state[table] = values[table].astype(np.float32) * values[table + ".scale"]
        elif node.op_type == "MatMulIntegerToFloat":
            weight = (values[node.input[1]].astype(np.float32) * values[node.input[3]]).T
            layers = _layers_of(node.name)
            for layer, part, bias in zip(layers, np.split(weight, len(layers)),
                                         np.split(values[node.input[6]], len(layers))):
                state[layer + ".weight"], state[layer + ".bias"] = part, bias
    return {name: torch.from_numpy(np.array(value)) for name, value in state.items()}


def read_model(folder: Path, token_heads: dict, text_heads: dict, dropout: dict[str, float]) -> ManyHeaded:
    """A bundled model in fp32, as far as its int8 weights tell; text heads that it lacks are new."""
    model = ManyHeaded(config_of(json.loads((folder / "config.json").read_text()) | dropout), token_heads, text_heads)
    weights = read_weights(folder / GRAPH)
    set_table(model, weights.pop("bert.embeddings.word_embeddings.weight"))
    state = model.load_state_dict(weights, strict=False)
    missing = [name for name in state.missing_keys if name.startswith(("bert.encoder", "tokens"))]
    if missing or state.unexpected_keys:
        raise SystemExit(f"{folder}: no model of this kind: {missing + state.unexpected_keys}")
    return model


def _layers_of(product: str) -> list[str]:
    """The layers of a product: queries, keys and values are one."""
    stem = product.removesuffix("query")
    return [product] if stem == product else [stem + part for part in ("query", "key", "value")]
