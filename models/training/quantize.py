"""Make the int8 model: calibrated (static), so that a text's scores do not depend on its batch."""

from pathlib import Path

import numpy as np
import onnx
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static

FP32_OUTPUTS = {"OpTypesToExcludeOutputQuantization": ["MatMul"]}


class Rows(CalibrationDataReader):
    """Feeds rows of (token ids, where the second part begins), one at a time, unpadded."""

    def __init__(self, rows: list[tuple[list[int], int]]):
        self.rows = iter(rows)

    def get_next(self):
        row = next(self.rows, None)
        if row is None:
            return None
        ids, second = row
        types = [0] * second + [1] * (len(ids) - second)
        feeds = {"input_ids": ids, "attention_mask": [1] * len(ids), "token_type_ids": types}
        return {name: np.array([values], np.int64) for name, values in feeds.items()}


def quantize(full: Path, quantized: Path, calibration_rows) -> None:
    """Quantize the weight matrices and embedding tables of `full`; attention and all else stays fp32.

    Weights take 7 bits a column, so that the 16-bit sums of processors without VNNI cannot overflow.
    """
    quantize_static(
        full,
        quantized,
        Rows(calibration_rows),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["MatMul"],
        nodes_to_exclude=_products_of_activations(onnx.load(full).graph),
        per_channel=True,
        reduce_range=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        calibrate_method=CalibrationMethod.MinMax,
        extra_options=FP32_OUTPUTS,
    )
    model = onnx.load(quantized)
    quantize_embeddings(model.graph)
    onnx.save(model, quantized)


def _products_of_activations(graph: onnx.GraphProto) -> list[str]:
    """The matrix products without a weight: queries by keys, attention by values."""
    weights = {weight.name for weight in graph.initializer}
    return [node.name for node in graph.node if node.op_type == "MatMul" and node.input[1] not in weights]


def quantize_embeddings(graph: onnx.GraphProto) -> None:
    """Keep embedding tables as int8 by column and turn only the rows looked up back into fp32."""
    tables = {table.name: table for table in graph.initializer if table.name.endswith("embeddings.weight")}
    for position, node in reversed(list(enumerate(graph.node))):
        if node.op_type != "Gather" or node.input[0] not in tables:
            continue
        name = node.input[0]
        table = tables[name]
        values = numpy_helper.to_array(table)
        scale = np.maximum(np.abs(values).max(axis=0), 1e-8).astype(np.float32) / 127
        rounded = np.round(values / scale).astype(np.int8)
        table.CopyFrom(numpy_helper.from_array(rounded, name))
        graph.initializer.append(numpy_helper.from_array(scale, name + "_scale"))
        graph.initializer.append(numpy_helper.from_array(np.zeros(len(scale), np.int8), name + "_zero"))
        output = node.output[0]
        node.output[0] = output + "_int8"
        inputs = [node.output[0], name + "_scale", name + "_zero"]
        # rows looked up by position come without a batch axis: count the axis from the end
        graph.node.insert(position + 1, helper.make_node("DequantizeLinear", inputs, [output], axis=-1))
