"""Read a bundled int8 graph back into fp32 weights, to go on training from it."""

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper


def read_weights(graph: Path) -> dict[str, torch.Tensor]:
    """The state of a BERT model by its PyTorch names; matrices are what their int8 values stand for."""
    model = onnx.load(graph).graph
    values = {each.name: each for each in model.initializer}
    base = graph.parent

    def array(name: str) -> np.ndarray:
        return numpy_helper.to_array(values[name], str(base))

    state = {}
    for name in values:
        if name.startswith("model.") and name.endswith((".weight", ".bias")):
            value = array(name)
            if value.dtype == np.int8:  # an embedding table, rounded by column
                value = value.astype(np.float32) * array(name + "_scale")
            state[name.removeprefix("model.")] = torch.from_numpy(np.array(value))
    for node in model.node:
        if node.op_type == "MatMulIntegerToFloat":
            layer = node.output[0].split("/MatMul_output")[0].removeprefix("/model/").replace("/", ".")
            weight = array(node.input[1]).astype(np.float32) * array(node.input[3])
            state[layer + ".weight"] = torch.from_numpy(np.ascontiguousarray(weight.T))
    return state
