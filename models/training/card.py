"""Write the model cards from the figures that ner.py and qa.py left in their run folders."""

import argparse
import json
from pathlib import Path
from string import Template

HERE = Path(__file__).parent


def ner_tables(figures: dict) -> dict[str, str]:
    """Markdown tables: F1 by data set, and by type on each."""
    sets = figures["int8"]
    rows = [f"| {name} | {_percent(figures['fp32'][name]['f1'])} | {_percent(value['f1'])} | "
            f"{_percent(value['precision'])} | {_percent(value['recall'])} | {value['sentences']:,} |"
            for name, value in sets.items()]
    kinds = ["LOC", "MISC", "ORG", "PER"]
    by_type = [f"| {name} | " + " | ".join(_by_type(figures, name, kind) for kind in kinds) + " |" for name in sets]
    return {"by_set": "\n".join(rows), "by_type": "\n".join(by_type)}


def _by_type(figures, name, kind) -> str:
    return " / ".join(_percent(figures[size][name]["types"][kind]["f1"]) for size in ("fp32", "int8"))


def qa_tables(figures: dict) -> dict[str, str]:
    """Markdown rows: EM and F1 with and without declining, and how often it rightly declines."""
    rows = []
    for size in sorted({"fp32", "int8"} & figures.keys()):
        forced, free = figures[size]["forced"], figures[size]["with threshold"]
        rows.append(f"| {size} | {forced['exactMatch']:.1f} / {forced['f1']:.1f} | {free['exactMatch']:.1f} / "
                    f"{free['f1']:.1f} | {_percent(figures[size]['declined'])} % |")
    return {"rows": "\n".join(rows), "threshold": str(figures["nullThreshold"])}


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
            card = options.models / f"minilm-l6-{name}" / "README.md"
            card.write_text(template.substitute(tables(figures)), encoding="utf-8")


if __name__ == "__main__":
    main()
