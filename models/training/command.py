"""What the commands that make a model have in common: their options and steps."""

import argparse
from pathlib import Path


def run_steps(name: str, description: str, train, pack) -> None:
    """Read the command line and do the steps it names: `train(options)`, `pack(data, run, folder)`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets; see README.md")
    parser.add_argument("--encoder", type=Path, required=True, help="folder with the encoder's model.safetensors")
    parser.add_argument("--go-on-from", type=Path, help="bundled model to go on training from")
    parser.add_argument("--run", type=Path, default=Path("runs") / name, help="checkpoints and fp32 graph")
    parser.add_argument("--folder", type=Path, default=Path("..") / f"minilm-l6-{name}", help="the bundled model")
    parser.add_argument("--steps", nargs="+", choices=["train", "pack"], default=["train", "pack"])
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    if "train" in options.steps:
        train(options)
    if "pack" in options.steps:
        pack(options.data, options.run, options.folder)
