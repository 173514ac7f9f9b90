"""Write the model cards from the figures that figures.py left in the run folders."""

import argparse
import json
from pathlib import Path
from string import Template

HERE = Path(__file__).parent


def ner_tables(figures: dict) -> dict[str, str]:
    """Markdown tables: F1 by data set, and by type on each."""
    sets = figures["int8"]
    rows = [f"| {name} | {_percent(figures['fp32'][name]['f1'])} | {_percent(value['f1'])} | "
            f"{_percent(value['precision'])} | {_percent(value['recall'])} | {value['examples']:,} |"
            for name, value in sets.items()]
    kinds = ["LOC", "MISC", "ORG", "PER"]
    by_type = [f"| {name} | " + " | ".join(_by_type(figures, name, kind) for kind in kinds) + " |" for name in sets]
    return {"by_set": _rows(rows), "by_type": _rows(by_type)}


def _by_type(figures, name, kind) -> str:
    return " / ".join(_percent(figures[size][name]["types"][kind]["f1"]) for size in ("fp32", "int8"))


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


def settings_of(models: Path, name: str) -> dict[str, str]:
    entries = json.loads((models / "manifest.json").read_text())["models"]
    settings = next(entry for entry in entries if entry["name"] == name).get("settings", {})
    return {key: str(value) for key, value in settings.items()}


def _rows(rows: list[str]) -> str:
    """Rows for the place of one cell in a template's table, whose own bars stand before the first and after the last."""
    return "\n".join(rows).removeprefix("| ").removesuffix(" |")


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--models", type=Path, default=HERE.parent)
    parser.add_argument("--only", nargs="+", default=["ner", "qa"])
    options = parser.parse_args()
    for name, tables in (("ner", ner_tables), ("qa", qa_tables)):
        if name in options.only:
            figures = json.loads((options.runs / name / "figures.json").read_text())
            template = Template((HERE / f"card-{name}.md").read_text(encoding="utf-8"))
            model = f"minilm-l6-{name}"
            values = {**settings_of(options.models, model), **tables(figures)}
            (options.models / model / "README.md").write_text(template.substitute(values), encoding="utf-8")


if __name__ == "__main__":
    main()
