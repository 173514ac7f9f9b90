"""Write the model cards, and their figures in the manifest, from what figures.py left in the run folders."""

import argparse
import json
from pathlib import Path
from string import Template

HERE = Path(__file__).parent


ENTITY_SETS = ["CoNLL-2003 testb", "Universal NER EWT test", "Tweebank test", "WNUT-17 test", "WikiGold"]
# Of each other head: its set, the figure that counts and what it is called.
OTHER_SETS = [
    ("parts of speech", "UD EWT test", "accuracy", "right, of given words"),
    ("sentiment", "GoEmotions test", "macroF1", "macro F1"),
]
ACCEPTABILITY_SETS = [("acceptability", name, "matthews", "Matthews") for name in ("CoLA in domain", "CoLA out of domain")]
KINDS = ["LOC", "MISC", "ORG", "PER"]
QA_DATA = "SQuAD 1.1 dev"
NAMED_SETS = ["Japanese Wikipedia, own part", "Japanese GSD dev", "Portuguese Bosque test", "Chinese GSD test",
              "Swedish Talbanken test", "Danish DDT test", "Croatian SET test", "English EWT test"]
JAPANESE_TAGS = "UD Japanese GSD test"


def en_tables(figures: dict) -> dict[str, str]:
    """Markdown rows: entities by data set and by type, the other heads, and how often scores are right."""
    fp32, int8 = figures["fp32"], figures["int8"]
    by_type = [f"| {name} | " + " | ".join(_by_type(int8[name], kind) for kind in KINDS) + " |" for name in ENTITY_SETS]
    others = [f"| {head} | {name} | {called} | {_percent(fp32[name][key])} | {_percent(int8[name][key])} |"
              for head, name, key, called in OTHER_SETS]
    return {"by_set": _by_set(figures, ENTITY_SETS), "by_type": _rows(by_type), "others": _rows(others),
            "curve": _curve(int8, [*ENTITY_SETS, *(name for _, name, _, _ in OTHER_SETS)])}


def acceptability_tables(figures: dict) -> dict[str, str]:
    """Markdown rows: Matthews and the share that is right by data set, and how often scores are right."""
    fp32, int8 = figures["fp32"], figures["int8"]
    rows = [f"| {name} | {_percent(fp32[name]['matthews'])} | {_percent(int8[name]['matthews'])} | "
            f"{_percent(int8[name]['accuracy'])} | {int8[name]['examples']:,} |" for _, name, _, _ in ACCEPTABILITY_SETS]
    return {"rows": _rows(rows), "curve": _curve(int8, [name for _, name, _, _ in ACCEPTABILITY_SETS])}


def multilingual_tables(figures: dict) -> dict[str, str]:
    """Markdown rows: entities by data set, how often scores are right; and Japanese words' share of right tags."""
    tags = {f"tags_{kind}": _percent(figures[kind][JAPANESE_TAGS]["accuracy"]) for kind in ("fp32", "int8")}
    return {"by_set": _by_set(figures, NAMED_SETS), "curve": _curve(figures["int8"], [*NAMED_SETS[:-1], JAPANESE_TAGS]), **tags}


def _by_set(figures: dict, sets: list[str]) -> str:
    fp32, int8 = figures["fp32"], figures["int8"]
    return _rows([f"| {name} | {_percent(fp32[name]['f1'])} | {_percent(int8[name]['f1'])} | "
                  f"{_percent(int8[name]['precision'])} | {_percent(int8[name]['recall'])} | {int8[name]['examples']:,} |"
                  for name in sets])


def _curve(figures: dict, sets: list[str]) -> str:
    curves = [figures[name]["calibration"] for name in sets]
    rows = [f"| {tenth / 10:.1f} | " + " | ".join(_bin(each, tenth / 10) for each in curves) + " |" for tenth in range(10)]
    return _rows([*rows, "| error | " + " | ".join(_percent(each["error"]) for each in curves) + " |"])


def _by_type(figures: dict, kind: str) -> str:
    return _percent(figures["types"][kind]["f1"]) if kind in figures["types"] else ""


def _bin(calibration: dict, start: float) -> str:
    """The share that was right of what was given with scores from `start` on, if it is more than a few."""
    found = [each for each in calibration["bins"] if abs(each["from"] - start) < 1e-9 and each["given"] >= 20]
    return f"{100 * found[0]['right']:.0f}" if found else ""


def qa_tables(figures: dict) -> dict[str, str]:
    """Markdown rows: EM and F1 with and without declining, and how often it rightly declines."""
    rows = []
    for size, value in sorted(figures.items()):
        both = [_exact_and_f1(value.get(way)) for way in ("must answer", "may decline")]
        declined = f"{value['unanswerable']['declineRate']:.1f} %" if "unanswerable" in value else ""
        rows.append(f"| {size} | {both[0]} | {both[1]} | {declined} |")
    return {"rows": _rows(rows)}


def _exact_and_f1(figures: dict | None) -> str:
    return f"{figures['exactMatch']:.1f} / {figures['f1']:.1f}" if figures else ""


def en_figures(figures: dict) -> list[dict]:
    """The int8 figures that the manifest quotes: F1 of entities by data set, and the other heads'."""
    int8 = figures["int8"]
    return [*_entity_figures(int8, ENTITY_SETS), *_other_figures(int8, OTHER_SETS)]


def acceptability_figures(figures: dict) -> list[dict]:
    """The int8 figures that the manifest quotes: Matthews by data set."""
    return _other_figures(figures["int8"], ACCEPTABILITY_SETS)


def multilingual_figures(figures: dict) -> list[dict]:
    """The int8 figures that the manifest quotes: F1 of entities by data set, and Japanese words' share of right tags."""
    int8 = figures["int8"]
    tags = {"task": "tags", "data": JAPANESE_TAGS, "metric": "right, of given words",
            "value": float(_percent(int8[JAPANESE_TAGS]["accuracy"]))}
    return [*_entity_figures(int8, NAMED_SETS), tags]


def _other_figures(int8: dict, sets: list[tuple]) -> list[dict]:
    return [{**({"task": "tags"} if head == "parts of speech" else {"task": "labels", "name": head}),
             "data": name, "metric": called, "value": float(_percent(int8[name][key]))} for head, name, key, called in sets]


def _entity_figures(int8: dict, sets: list[str]) -> list[dict]:
    return [{"task": "entities", "data": name, "metric": "F1", "value": float(_percent(int8[name]["f1"]))} for name in sets]


def qa_figures(figures: dict) -> list[dict]:
    """The int8 figures that the manifest quotes: EM and F1 with and without declining, and how often it rightly declines."""
    int8 = figures["int8"]
    rows = [(f"{QA_DATA}, {way}", metric, int8[way][key])
            for way in ("must answer", "may decline") for metric, key in (("exact match", "exactMatch"), ("F1", "f1"))]
    rows.append((f"{QA_DATA}, unanswerable", "declined", int8["unanswerable"]["declineRate"]))
    return [{"task": "answers", "data": data, "metric": metric, "value": round(value, 1)} for data, metric, value in rows]


def write_figures(models: Path, name: str, figures: list[dict]) -> None:
    """Write a model's figures into its entry of the manifest."""
    path = models / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    next(entry for entry in manifest["models"] if entry["name"] == name)["figures"] = figures
    path.write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def settings_of(models: Path, name: str) -> dict[str, str]:
    entries = json.loads((models / "manifest.json").read_text())["models"]
    heads = next(entry for entry in entries if entry["name"] == name)["heads"]
    return {key: str(value) for head in heads for key, value in head.get("settings", {}).items()}


def _rows(rows: list[str]) -> str:
    """Rows for the place of one cell in a template's table, whose own bars stand before the first and after the last."""
    return "\n".join(rows).removeprefix("| ").removesuffix(" |")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--models", type=Path, default=HERE.parent)
    parser.add_argument("--only", nargs="+", default=["en", "acceptability", "qa", "multilingual"])
    options = parser.parse_args()
    ways = {"en": (en_tables, en_figures), "acceptability": (acceptability_tables, acceptability_figures),
            "qa": (qa_tables, qa_figures), "multilingual": (multilingual_tables, multilingual_figures)}
    for name, (tables, quoted) in ways.items():
        if name in options.only:
            figures = json.loads((options.runs / name / "figures.json").read_text())
            template = Template((HERE / f"card-{name}.md").read_text(encoding="utf-8"))
            model = f"minilm-l6-{name}"
            values = {**settings_of(options.models, model), **tables(figures)}
            (options.models / model / "README.md").write_text(template.substitute(values), encoding="utf-8")
            write_figures(options.models, model, quoted(figures))


if __name__ == "__main__":
    main()
