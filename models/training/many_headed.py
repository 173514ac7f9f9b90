"""One encoder with several heads: their outputs of one pass, and the loss of what is known of a batch."""

import torch
from torch.nn import functional
from transformers import BertConfig, BertModel

from english_data import ACCEPTABILITY, ENTITIES, IGNORED, SENTIMENT, TAGS

TOKEN_HEADS = {"entities": ENTITIES, "tags": TAGS}
TEXT_HEADS = {"sentiment": SENTIMENT, "acceptability": ACCEPTABILITY}
# The outputs of the graph: that of entities is named as exports of token classification name theirs.
OUTPUTS = {"entities": "logits", "tags": "tag_logits", "sentiment": "sentiment_logits",
           "acceptability": "acceptability_logits"}
# What each head's loss weighs: entities are what the model is for.
WEIGHTS = {"entities": 3.0, "tags": 1.5, "sentiment": 1.0, "acceptability": 1.0}
# A loss is a mean over what a batch holds, but never of fewer than these, lest one example weigh as many do.
FEWEST = {"entities": 300, "tags": 300, "sentiment": 12, "acceptability": 12}


class ManyHeaded(torch.nn.Module):
    """BERT, one layer for all labels of tokens, and a pooled [CLS] with one layer for all labels of texts."""

    def __init__(self, config: BertConfig):
        super().__init__()
        self.config = config
        self.bert = BertModel(config, add_pooling_layer=False)
        self.tokens = torch.nn.Linear(config.hidden_size, sum(map(len, TOKEN_HEADS.values())))
        self.pooler = torch.nn.Linear(config.hidden_size, config.hidden_size)
        self.texts = torch.nn.Linear(config.hidden_size, sum(map(len, TEXT_HEADS.values())))
        for layer in (self.tokens, self.pooler, self.texts):
            torch.nn.init.normal_(layer.weight, std=0.02)
            torch.nn.init.zeros_(layer.bias)

    def forward(self, input_ids, attention_mask, token_type_ids=None) -> dict[str, torch.Tensor]:
        """Logits by head: of tokens [batch, sequence, labels], of texts [batch, labels]."""
        values = self.bert(input_ids, attention_mask, token_type_ids).last_hidden_state
        return {**_split(self.tokens(values), TOKEN_HEADS), **_split(self.of_texts(values[:, 0]), TEXT_HEADS)}

    def of_texts(self, first: torch.Tensor) -> torch.Tensor:
        return self.texts(torch.tanh(self.pooler(first)))

    @torch.no_grad()
    def cool(self, temperatures: dict[str, float]) -> None:
        """Divide each head's logits by its temperature, for good."""
        for layer, heads in ((self.tokens, TOKEN_HEADS), (self.texts, TEXT_HEADS)):
            for name, rows in zip(heads, torch.arange(layer.out_features).split([*map(len, heads.values())])):
                layer.weight[rows] /= temperatures[name]
                layer.bias[rows] /= temperatures[name]

    def loss(self, batch: dict[str, torch.Tensor]) -> tuple[torch.Tensor, dict[str, float]]:
        """The weighted loss of all heads, and each head's own."""
        logits = self(batch["input_ids"], batch["attention_mask"])
        known = batch["entities"] > 0
        losses = {"entities": _any_of(logits["entities"][known], batch["entities"][known])}
        for name in ("tags", "acceptability"):
            known = batch[name] != IGNORED
            losses[name] = functional.cross_entropy(logits[name][known], batch[name][known], reduction="none")
        known = batch["sentiment"][:, 0] >= 0
        losses["sentiment"] = functional.binary_cross_entropy_with_logits(
            logits["sentiment"][known], batch["sentiment"][known], reduction="none").mean(dim=1)
        total = sum(WEIGHTS[name] * each.sum() / max(len(each), FEWEST[name]) for name, each in losses.items())
        return total, {name: float(each.detach().mean()) for name, each in losses.items() if len(each)}


def _any_of(logits: torch.Tensor, bits: torch.Tensor) -> torch.Tensor:
    """How improbable it is that one of the labels is right whose bits are set: what data leaves open is not taught."""
    allowed = (bits[:, None] >> torch.arange(logits.shape[-1])) & 1
    return -torch.logsumexp(functional.log_softmax(logits, -1).masked_fill(allowed == 0, -torch.inf), -1)


def _split(logits: torch.Tensor, heads: dict[str, list[str]]) -> dict[str, torch.Tensor]:
    return dict(zip(heads, logits.split([len(labels) for labels in heads.values()], dim=-1)))
