"""Write a BERT model as an int8 graph: calibrated (static), so that a text's scores do not depend on its batch.

Only what matrix products read is rounded: the weights to 7 bits by column (so that the 16-bit sums of processors
without VNNI cannot overflow), their inputs to uint8 in fixed ranges, the embedding tables to int8 by column.
Everything between, the residual sums above all, stays fp32. The graph is written as it shall run, with ONNX
Runtime's operators for quantized products and Gelu, so that nothing is left to optimize when it is loaded.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from many_headed import OUTPUTS, ManyHeaded

RUNTIME = "com.microsoft"
OPSET, IR_VERSION = 17, 8
WEIGHT_STEPS = 64
HIDDEN = -1e4  # added to the attention of what is padding
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]


@dataclass(frozen=True)
class Rounded:
    """A tensor as uint8, with the names of its scale and zero point."""

    values: str
    scale: str
    zero: str


class GraphWriter:
    """Collects nodes and constants; every method returns the name of what it adds."""

    def __init__(self):
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: np.ndarray) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def add(self, name: str, kind: str, inputs: list[str], outputs: int = 1, domain: str = "", **attributes):
        names = [name] if outputs == 1 else [f"{name}.{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, domain=domain, **attributes))
        return name if outputs == 1 else names


class BertWriter(GraphWriter):
    """Writes the parts of a BERT model from its PyTorch state and the ranges of its layers' inputs."""

    def __init__(self, state, ranges: dict[str, tuple[float, float]], heads: int):
        super().__init__()
        self.state = {name: value.numpy().astype(np.float32) for name, value in state.items()
                      if value.is_floating_point()}
        self.ranges = ranges
        self.heads = heads
        self.width = self.state["bert.embeddings.LayerNorm.weight"].shape[0]
        for name, value in {"zero": [0], "one": [1], "two": [2], "last": [-1], "mask axes": [1, 2],
                            "by head": [0, 0, 3, heads, self.width // heads], "joined": [0, 0, self.width]}.items():
            self.constant(name, np.array(value, np.int64))

    def table(self, name: str, look_up) -> str:
        """An embedding table as int8 by column; only the rows that `look_up` takes become fp32."""
        key = f"bert.embeddings.{name}_embeddings.weight"
        values = self.state[key]
        scale = np.maximum(np.abs(values).max(axis=0), 1e-8) / 127
        rows = look_up(self.constant(key, np.round(values / scale).astype(np.int8)))
        return self.add(f"{name} embeddings", "DequantizeLinear", [rows, self.constant(key + ".scale", scale)], axis=-1)

    def embeddings(self) -> str:
        shape = self.add("shape", "Shape", ["input_ids"])
        length = self.add("length", "Slice", [shape, "one", "two"])
        parts = {
            "word": lambda table: self.add("words", "Gather", [table, "input_ids"]),
            "token_type": lambda table: self.add("types", "Gather", [table, "token_type_ids"]),
            "position": lambda table: self.add("positions", "Slice", [table, "zero", length, "zero"]),
        }
        words, types, positions = (self.table(name, look_up) for name, look_up in parts.items())
        both = self.add("words and types", "Add", [words, types])
        return self.norm("bert.embeddings.LayerNorm", self.add("embeddings", "Add", [both, positions]))

    def rounded(self, values: str, layer: str) -> Rounded:
        """`values` rounded to the range of the inputs of `layer`."""
        low, high = self.ranges[layer]
        scale = np.float32((high - low) / 255)
        zero = np.uint8(np.clip(np.round(-low / scale), 0, 255))
        names = self.constant(layer + ".input scale", scale), self.constant(layer + ".input zero", zero)
        return Rounded(self.add(layer + ".input", "QuantizeLinear", [values, *names]), *names)

    def linear(self, values: Rounded, *layers: str) -> str:
        """One product for all `layers`, side by side, with their biases; fp32."""
        weight = np.concatenate([self.state[layer + ".weight"] for layer in layers])
        bias = np.concatenate([self.state[layer + ".bias"] for layer in layers])
        scale = np.maximum(np.abs(weight).max(axis=1), 1e-8) / WEIGHT_STEPS
        steps = np.round(weight / scale[:, None]).astype(np.int8).T
        name = layers[0]
        inputs = [values.values, self.constant(name + ".weight", steps), values.scale,
                  self.constant(name + ".scale", scale), values.zero, "", self.constant(name + ".bias", bias)]
        return self.add(name, "MatMulIntegerToFloat", inputs, domain=RUNTIME)

    def norm(self, layer: str, values: str) -> str:
        weights = [self.constant(f"{layer}.{part}", self.state[f"{layer}.{part}"]) for part in ("weight", "bias")]
        return self.add(layer, "LayerNormalization", [values, *weights], axis=-1, epsilon=1e-12)

    def mask(self) -> str:
        """What is added to attention scores: 0 for tokens, `HIDDEN` for padding; [batch, 1, 1, sequence]."""
        ones = self.add("mask axes added", "Unsqueeze", ["attention_mask", "mask axes"])
        kept = self.add("kept", "Cast", [ones], to=TensorProto.FLOAT)
        left = self.add("left out", "Sub", [self.constant("all", np.float32(1)), kept])
        return self.add("mask", "Mul", [left, self.constant("hidden", np.float32(HIDDEN))])

    def attention(self, values: str, mask: str, layer: str) -> str:
        own = [f"{layer}.self.{part}" for part in ("query", "key", "value")]
        merged = self.linear(self.rounded(values, own[0]), *own)
        split = self.add(layer + ".split", "Reshape", [merged, "by head"])
        turned = self.add(layer + ".turned", "Transpose", [split], perm=[2, 0, 3, 1, 4])
        parts = self.add(layer + ".parts", "Split", [turned], outputs=3, axis=0)
        query, key, value = (self.add(f"{part}.heads", "Squeeze", [part, "zero"]) for part in parts)
        alpha = float(1 / np.sqrt(self.width // self.heads))
        scores = self.add(layer + ".scores", "FusedMatMul", [query, key], domain=RUNTIME, transB=1, alpha=alpha)
        masked = self.add(layer + ".masked", "Add", [scores, mask])
        shares = self.add(layer + ".shares", "Softmax", [masked], axis=-1)
        mixed = self.add(layer + ".mixed", "MatMul", [shares, value])
        back = self.add(layer + ".back", "Transpose", [mixed], perm=[0, 2, 1, 3])
        joined = self.add(layer + ".joined", "Reshape", [back, "joined"])
        return self.residual(values, joined, layer + ".output")

    def feed_forward(self, values: str, layer: str) -> str:
        wide = self.linear(self.rounded(values, layer + ".intermediate.dense"), layer + ".intermediate.dense")
        return self.residual(values, self.add(layer + ".gelu", "Gelu", [wide], domain=RUNTIME), layer + ".output")

    def residual(self, before: str, values: str, layer: str) -> str:
        dense = self.linear(self.rounded(values, layer + ".dense"), layer + ".dense")
        return self.norm(layer + ".LayerNorm", self.add(layer + ".sum", "Add", [dense, before]))

    def encoder(self, layers: int) -> str:
        mask, values = self.mask(), self.embeddings()
        for number in range(layers):
            layer = f"bert.encoder.layer.{number}"
            values = self.feed_forward(self.attention(values, mask, layer + ".attention"), layer)
        return values

    def split(self, logits: str, heads: dict[str, list[str]]) -> None:
        """The columns of each head as an output of its own."""
        widths = self.constant(f"{logits}.widths", np.array([len(labels) for labels in heads.values()], np.int64))
        names = [OUTPUTS[head] for head in heads]
        self.nodes.append(helper.make_node("Split", [logits, widths], names, name=f"{logits}.split", axis=-1))

    def model(self, outputs: dict[str, list[str | int]]) -> onnx.ModelProto:
        """The graph, whose `outputs` are named with their dimensions."""
        axes = ["batch", "sequence"]
        given = [helper.make_tensor_value_info(name, TensorProto.INT64, axes) for name in INPUTS]
        made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()]
        used = {name for node in self.nodes for name in node.input}
        constants = [value for name, value in self.constants.items() if name in used]
        graph = helper.make_graph(self.nodes, "bert", given, made, constants)
        opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(RUNTIME, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="spanstream")


def write_many_headed(model: ManyHeaded, ranges: dict[str, tuple[float, float]], path: Path) -> None:
    """Write a model of several heads to `path` and `path`_data; its outputs have the names of `many_headed.OUTPUTS`."""
    writer = BertWriter(model.state_dict(), ranges, model.config.num_attention_heads)
    values = writer.encoder(model.config.num_hidden_layers)
    if model.token_heads:
        writer.split(writer.linear(writer.rounded(values, "tokens"), "tokens"), model.token_heads)
    outputs = {OUTPUTS[head]: ["batch", "sequence", len(labels)] for head, labels in model.token_heads.items()}
    if model.text_heads:
        outputs |= {OUTPUTS[head]: ["batch", len(labels)] for head, labels in model.text_heads.items()}
        _write_text_heads(writer, values, model.text_heads)
    _save(writer.model(outputs), path)


def _write_text_heads(writer: BertWriter, values: str, heads: dict[str, list[str]]) -> None:
    first = writer.add("first", "Squeeze", [writer.add("first row", "Gather", [values, "zero"], axis=1), "one"])
    pooled = writer.add("pooled", "Tanh", [writer.linear(writer.rounded(first, "pooler"), "pooler")])
    writer.split(writer.linear(writer.rounded(pooled, "texts"), "texts"), heads)


def write_answers(model, ranges: dict[str, tuple[float, float]], path: Path) -> None:
    """Write a transformers model for question answering to `path` and `path`_data."""
    writer = BertWriter(model.state_dict(), ranges, model.config.num_attention_heads)
    values = writer.encoder(model.config.num_hidden_layers)
    both = writer.linear(writer.rounded(values, "qa_outputs"), "qa_outputs")
    outputs = ["start_logits", "end_logits"]
    for end, name in zip(writer.add("ends", "Split", [both], outputs=2, axis=-1), outputs):
        writer.add(name, "Squeeze", [end, "last"])
    _save(writer.model({name: ["batch", "sequence"] for name in outputs}), path)


def _save(graph: onnx.ModelProto, path: Path) -> None:
    move_weights(graph.graph, path.with_name(path.name + "_data"))
    onnx.save(graph, path)


PAGE = 4096
LARGE = 64 * 1024


def move_weights(graph: onnx.GraphProto, path: Path) -> None:
    """Move large weights into `path`, each at the beginning of a page, so that they are mapped, not copied."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for weight in sorted(graph.initializer, key=lambda weight: weight.name):
            if len(weight.raw_data) < LARGE:
                continue
            file.write(bytes(-file.tell() % PAGE))
            place = {"location": path.name, "offset": file.tell(), "length": len(weight.raw_data)}
            file.write(weight.raw_data)
            weight.ClearField("raw_data")
            weight.data_location = TensorProto.EXTERNAL
            for key, value in place.items():
                weight.external_data.add(key=key, value=str(value))
