"""One encoder with several heads: their outputs of one pass, the loss of what is known of a batch, and the files of a run."""

import json
from pathlib import Path

import torch
from torch.nn import functional
from transformers import BertConfig, BertModel

from english_data import ENTITIES, IGNORED, SENTIMENT, TAGS
from fake_quantization import input_ranges

TOKEN_HEADS = {"entities": ENTITIES, "tags": TAGS}
TEXT_HEADS = {"sentiment": SENTIMENT}
# The outputs of the graph: that of what a model is for is named as exports of its task name theirs.
OUTPUTS = {"entities": "logits", "tags": "tag_logits", "sentiment": "sentiment_logits", "acceptability": "logits"}
# What each head's loss weighs: entities are what the model is for.
WEIGHTS = {"entities": 3.0, "tags": 1.5, "sentiment": 1.0}
# A loss is a mean over what a batch holds, but never of fewer than these, lest one example weigh as many do.
FEWEST = {"entities": 300, "tags": 300, "sentiment": 12}


class ManyHeaded(torch.nn.Module):
    """BERT, where there are labels of tokens one layer for them, and where there are some of texts a pooled [CLS] with one."""

    def __init__(self, config: BertConfig, token_heads=TOKEN_HEADS, text_heads=TEXT_HEADS):
        super().__init__()
        self.config = config
        self.token_heads, self.text_heads = token_heads, text_heads
        self.bert = BertModel(config, add_pooling_layer=False)
        if token_heads:
            self.tokens = _layer(config.hidden_size, sum(map(len, token_heads.values())))
        if text_heads:
            self.pooler = _layer(config.hidden_size, config.hidden_size)
            self.texts = _layer(config.hidden_size, sum(map(len, text_heads.values())))

    def forward(self, input_ids, attention_mask, token_type_ids=None) -> dict[str, torch.Tensor]:
        """Logits by head: of tokens [batch, sequence, labels], of texts [batch, labels]."""
        values = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        logits = _split(self.tokens(values), self.token_heads) if self.token_heads else {}
        if self.text_heads:
            logits |= _split(self.texts(torch.tanh(self.pooler(values[:, 0]))), self.text_heads)
        return logits

    @torch.no_grad()
    def cool(self, temperatures: dict[str, float]) -> None:
        """Divide each head's logits by its temperature, for good."""
        layers = [("tokens", self.token_heads), ("texts", self.text_heads)]
        for layer, heads in [(getattr(self, name), heads) for name, heads in layers if heads]:
            for name, rows in zip(heads, torch.arange(layer.out_features).split([*map(len, heads.values())])):
                layer.weight[rows] /= temperatures[name]
                layer.bias[rows] /= temperatures[name]

    def loss(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """The weighted loss of all heads, and each head's own."""
        return self.losses(self.logits(batch), batch)

    def logits(self, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Logits to train by: the products are made in bfloat16, which takes half the time."""
        with torch.autocast("cpu", torch.bfloat16):
            return {head: each.float() for head, each in read(self, batch).items()}

    def losses(self, logits: dict[str, torch.Tensor], batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """The same of logits that are there already."""
        known = batch["entities"] > 0
        losses = {"entities": _any_of(logits["entities"][known], batch["entities"][known])}
        if "tags" in logits:
            known = batch["tags"] != IGNORED
            losses["tags"] = functional.cross_entropy(logits["tags"][known], batch["tags"][known], reduction="none")
        if "sentiment" in logits:
            known = batch["sentiment"][:, 0] >= 0
            losses["sentiment"] = functional.binary_cross_entropy_with_logits(
                logits["sentiment"][known], batch["sentiment"][known], reduction="none").mean(dim=1)
        total = sum(WEIGHTS[name] * each.sum() / max(len(each), FEWEST[name]) for name, each in losses.items())
        return total, {name: float(each.detach().mean()) for name, each in losses.items() if len(each)}


def read(of, batch: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The logits by head of a model, or of a graph."""
    return of(batch["input_ids"], batch["attention_mask"])


def config_of(described: dict) -> BertConfig:
    """The configuration with attention by plain products, which short rows are trained fastest with, and exported."""
    config = BertConfig(**described)
    config._attn_implementation = "eager"
    return config


def set_table(model: ManyHeaded, table: torch.Tensor) -> None:
    """Give the model a plain embedding table, trained row by row."""
    model.bert.embeddings.word_embeddings = torch.nn.Embedding.from_pretrained(table.clone(), freeze=False, sparse=True)
    model.config.vocab_size = len(table)


@torch.no_grad()
def keep(model: torch.nn.Module, first: torch.nn.Module, share: float) -> None:
    """Mix in a share of what the model was at first (Wortsman et al. 2022, arXiv:2109.01903)."""
    for now, before in zip(model.parameters(), first.parameters()):
        now.lerp_(before, share)


def save(model: ManyHeaded, run: Path, architecture="BertForTokenClassification", labels=ENTITIES) -> None:
    """Write the weights, their configuration, and the ranges of the layers' inputs.

    What reads the folder as Hugging Face's tools do finds a model of the `architecture` with these `labels`.
    """
    folder = run / "model"
    folder.mkdir(parents=True, exist_ok=True)
    torch.save(model.state_dict(), folder / "weights.pt")
    model.config.update({"architectures": [architecture], "id2label": dict(enumerate(labels)),
                         "label2id": {label: i for i, label in enumerate(labels)}})
    model.config.to_json_file(folder / "config.json")
    (run / "ranges.json").write_text(json.dumps(input_ranges(model), indent=2))


def load(run: Path, token_heads=TOKEN_HEADS, text_heads=TEXT_HEADS) -> ManyHeaded:
    """What `save` left, ready to be exported."""
    config = config_of(json.loads((run / "model/config.json").read_text()))
    model = ManyHeaded(config, token_heads, text_heads).eval()
    weights = torch.load(run / "model/weights.pt")
    model.load_state_dict({name: weights[name] for name in model.state_dict()})
    return model


def _layer(inputs: int, outputs: int) -> torch.nn.Linear:
    layer = torch.nn.Linear(inputs, outputs)
    torch.nn.init.normal_(layer.weight, std=0.02)
    torch.nn.init.zeros_(layer.bias)
    return layer


def _any_of(logits: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """How improbable it is that one of the labels is right whose bits are set: what data leaves open is not taught."""
    allowed = (bits[:, None] >> torch.arange(logits.shape[-1])) & 1
    return -torch.logsumexp(functional.log_softmax(logits, -1).masked_fill(allowed == 0, -torch.inf), -1)


def _split(logits: torch.Tensor, heads: dict[str, list[str]]) -> dict[str, torch.Tensor]:
    return dict(zip(heads, logits.split([len(labels) for labels in heads.values()], dim=-1)))
