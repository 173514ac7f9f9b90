"""Measure the bundled models and their fp32 references with the project's own evaluation (`npm run eval`)."""

import argparse
import json
import subprocess
from pathlib import Path

HERE = Path(__file__).parent.resolve()
ROOT = HERE.parent.parent
# Of each set: the task, the file, and what else `npm run eval` is told.
SETS = {
    "CoNLL-2003 testb": ("ner", "ner/conll2003/eng.testb"),
    "Universal NER EWT test": ("ner", "ner/uner/en-ewt/test.conll", "--types", "PER,ORG,LOC"),
    "Tweebank test": ("ner", "ner/tweebank/test.bio"),
    "WNUT-17 test": ("ner", "ner/wnut17/emerging.test.annotated"),
    "WikiGold": ("ner", "ner/wikigold/CONLL-format/data/wikigold.conll.txt"),
    "UD EWT test": ("pos", "pos/ud-en-ewt/test.tsv"),
    "GoEmotions test": ("labels", "classification/goemotions/test.tsv"),
    "CoLA in domain": ("labels", "classification/cola/in_domain_dev.tsv"),
    "CoLA out of domain": ("labels", "classification/cola/out_of_domain_dev.tsv"),
}
QA_SET = "qa/squad-dev.json"
QA_WAYS = {"must answer": ["--must-answer"], "may decline": [], "unanswerable": ["--unanswerable"]}
PEOPLE = "written-by-people.json"  # in the run folder: articles kept apart, with questions that people wrote to have no answer


def evaluate(task: str, data: Path, models: Path, *flags: str) -> dict:
    """The figures of one evaluation, as its `--json` line has them."""
    arguments = ["--task", task, "--data", str(data.resolve()), "--models", str(models.resolve()), "--language", "en", "--json",
                 *flags]
    done = subprocess.run(["npm", "run", "--silent", "eval", "--", *arguments], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE)
    figures = json.loads(done.stdout.strip().split("\n")[-1])
    print(models, data.name, *flags, {name: value for name, value in figures.items() if isinstance(value, int | float)}, flush=True)
    return figures


def measure(task: str, data: Path, models: Path, run: Path, ways=tuple(QA_WAYS)) -> dict:
    if task == "en":
        return {title: evaluate(kind, data / file, models, *flags) for title, (kind, file, *flags) in SETS.items()}
    people = {f"{way}, people": evaluate(task, run / PEOPLE, models, *QA_WAYS[way])
              for way in ways if way != "unanswerable"}
    return {**{way: evaluate(task, data / QA_SET, models, *QA_WAYS[way]) for way in ways}, **people}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets; see README.md")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--models", type=Path, default=HERE.parent)
    parser.add_argument("--only", nargs="+", default=["en", "qa"])
    options = parser.parse_args()
    for task in options.only:
        run = options.runs / task
        figures = {"int8": measure(task, options.data, options.models, run),
                   "fp32": measure(task, options.data, run / "fp32", run, ways=["must answer"])}
        (run / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
