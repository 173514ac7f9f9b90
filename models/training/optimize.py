"""Optimize a graph ahead of time, with its weights in a file beside it that is mapped, not copied.

ONNX Runtime's 'extended' level fuses operators in ways that hold on every processor; what is particular to
one (packing the weights) is still done when the session is made.
"""

from pathlib import Path

import onnx
import onnxruntime

PAGE = 4096
LARGE = 64 * 1024


def optimize(source: Path, target: Path) -> None:
    """Write `target` and `target`_data; together they are the optimized form of `source`."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
    options.optimized_model_filepath = str(target)
    options.log_severity_level = 3
    onnxruntime.InferenceSession(str(source), options, providers=["CPUExecutionProvider"])
    model = onnx.load(target)
    _move_weights(model.graph, target.with_name(target.name + "_data"))
    onnx.save(model, target)


def _move_weights(graph: onnx.GraphProto, path: Path) -> None:
    """Move large weights into `path`, each at the beginning of a page."""
    with path.open("wb") as file:
        for weight in sorted(graph.initializer, key=lambda weight: weight.name):
            if len(weight.raw_data) < LARGE:
                continue
            file.write(bytes(-file.tell() % PAGE))
            place = {"location": path.name, "offset": file.tell(), "length": len(weight.raw_data)}
            file.write(weight.raw_data)
            weight.ClearField("raw_data")
            weight.data_location = onnx.TensorProto.EXTERNAL
            for key, value in place.items():
                weight.external_data.add(key=key, value=str(value))
