"""From a fine-tuned model to its folder under models/: graphs, tokenizer files and the manifest's entry."""

import hashlib
import json
import shutil
from pathlib import Path

from tokenizers import Tokenizer

from export import export_onnx

MAXIMUM_LENGTH = 512
ENGLISH = {"languages": ["en"], "source": "sentence-transformers/all-MiniLM-L6-v2", "licence": "Apache-2.0"}
GRAPH = "onnx/model_quantized.onnx"
QUANTIZATION = "static int8 of matrix products: 7-bit weights by column, uint8 inputs; int8 embeddings by column"
SPECIAL_TOKENS = {"unk_token": "[UNK]", "sep_token": "[SEP]", "pad_token": "[PAD]", "cls_token": "[CLS]",
                  "mask_token": "[MASK]"}


def make_graphs(model, outputs: dict[str, str], write_int8, run: Path, folder: Path) -> None:
    """Write `run`/onnx/model.onnx (fp32) and `folder`/onnx/model_quantized.onnx with its data file.

    `outputs`: the model's own name of each output, and the graph's; `write_int8` is one of int8_graph.
    """
    export_onnx(model, outputs, run / "onnx/model.onnx")
    write_int8(model, json.loads((run / "ranges.json").read_text()), folder / GRAPH)


def write_texts(run: Path, folder: Path, lower_case: bool) -> None:
    """Write config.json and the files of a WordPiece tokenizer, as a Hugging Face folder has them."""
    tokenizer = {"tokenizer_class": "BertTokenizer", "do_lower_case": lower_case, "do_basic_tokenize": True,
                 "strip_accents": True, "tokenize_chinese_chars": True}
    write_files(run, folder, tokenizer, SPECIAL_TOKENS)
    shutil.copyfile(run / "model/vocab.txt", folder / "vocab.txt")


def write_files(run: Path, folder: Path, tokenizer: dict, special: dict[str, str]) -> None:
    """Write config.json and the tokenizer's files: what its class is told, and its special tokens."""
    config = json.loads((run / "model/config.json").read_text())
    # the weights lie in a file of their own, and transformers.js wants to be told
    config["transformers.js_config"] = {"use_external_data_format": {Path(GRAPH).name: 1}}
    _write_json(folder / "config.json", config)
    _write_json(folder / "tokenizer_config.json", {**special, **tokenizer, "model_max_length": MAXIMUM_LENGTH})
    _write_json(folder / "special_tokens_map.json", special)
    shutil.copyfile(run / "model/tokenizer.json", folder / "tokenizer.json")


def update_manifest(folder: Path, heads: list[dict], about: dict = ENGLISH) -> None:
    """Write the model's entry of manifest.json, which lies beside its folder; `about`: its languages, encoder and licence."""
    path = folder.parent / "manifest.json"
    models = json.loads(path.read_text())["models"] if path.exists() else []
    entry = {"name": folder.name, "languages": about["languages"], "heads": heads, "revision": "1", "source": about["source"],
             "licence": about["licence"], "maximumLength": MAXIMUM_LENGTH,
             **({"quantization": QUANTIZATION, "optimized": True} if (folder / GRAPH).exists() else {}),
             "files": [_sum(file, folder) for file in sorted(folder.rglob("*"))
                       if file.is_file() and file.name != "README.md"]}
    kept = [model for model in models if model["name"] != folder.name]
    _write_json(path, {"version": 2, "models": sorted([*kept, entry], key=lambda model: model["name"])})


def write_reference(run: Path, folder: Path) -> None:
    """Lay out `run`/fp32 as a models folder that holds the fp32 graph under the bundled model's name and settings."""
    reference = run / "fp32" / folder.name
    (reference / "onnx").mkdir(parents=True, exist_ok=True)
    for name in ("config.json", "tokenizer.json"):
        shutil.copyfile(folder / name, reference / name)
    shutil.copyfile(run / "onnx/model.onnx", reference / "onnx/model.onnx")
    entry = next(each for each in json.loads((folder.parent / "manifest.json").read_text())["models"]
                 if each["name"] == folder.name)
    update_manifest(reference, entry["heads"], entry)


def load_tokenizer(folder: Path) -> Tokenizer:
    """The folder's tokenizer, neither padding nor truncating."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _sum(file: Path, folder: Path) -> dict:
    content = file.read_bytes()
    return {"path": file.relative_to(folder).as_posix(), "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest()}


def _write_json(path: Path, value) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
