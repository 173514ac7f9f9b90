"""Measure the bundled models and their fp32 references with the project's own evaluation (`npm run eval`)."""

import argparse
import json
import subprocess
from pathlib import Path

from multilingual_corpora import japanese_wikipedia

HERE = Path(__file__).parent.resolve()
ROOT = HERE.parent.parent
WIKIPEDIA_TEST = "ja-wikipedia-test.json"  # in the run's folder
NAMED = ("--types", "PER,ORG,LOC")
# Of each model's sets: the task, the file, the language, and what else `npm run eval` is told.
SETS = {
    "en": {
        "CoNLL-2003 testb": ("ner", "ner/conll2003/eng.testb", "en"),
        "Universal NER EWT test": ("ner", "ner/uner/en-ewt/test.conll", "en", *NAMED),
        "Tweebank test": ("ner", "ner/tweebank/test.bio", "en"),
        "WNUT-17 test": ("ner", "ner/wnut17/emerging.test.annotated", "en"),
        "WikiGold": ("ner", "ner/wikigold/CONLL-format/data/wikigold.conll.txt", "en"),
        "UD EWT test": ("pos", "pos/ud-en-ewt/test.tsv", "en"),
        "GoEmotions test": ("labels", "classification/goemotions/test.tsv", "en"),
    },
    "acceptability": {
        "CoLA in domain": ("labels", "classification/cola/in_domain_dev.tsv", "en"),
        "CoLA out of domain": ("labels", "classification/cola/out_of_domain_dev.tsv", "en"),
    },
    "multilingual": {
        "Japanese Wikipedia, own part": ("ner", WIKIPEDIA_TEST, "ja", *NAMED),
        "Japanese GSD dev": ("ner", "ner/ja-gsd/dev.bio", "ja", *NAMED),
        "Portuguese Bosque test": ("ner", "ner/uner/pt-bosque/test.conll", "pt", *NAMED),
        "Chinese GSD test": ("ner", "ner/uner/zh-gsd/test.conll", "zh", *NAMED),
        "Swedish Talbanken test": ("ner", "ner/uner/sv-talbanken/test.conll", "sv", *NAMED),
        "Danish DDT test": ("ner", "ner/uner/da-ddt/test.conll", "da", *NAMED),
        "Croatian SET test": ("ner", "ner/uner/hr-set/test.conll", "hr", *NAMED),
        # Not served in English: asked as if it were Portuguese, which has spaces between words too.
        "English EWT test": ("ner", "ner/uner/en-ewt/test.conll", "pt", *NAMED),
        "UD Japanese GSD test": ("pos", "pos/ud-ja-gsd/test.tsv", "ja"),
    },
}
QA_SET = "qa/squad-dev.json"
QA_WAYS = {"must answer": ["--must-answer"], "may decline": [], "unanswerable": ["--unanswerable"]}
PEOPLE = "written-by-people.json"  # in the run folder: articles kept apart, with questions that people wrote to have no answer


def evaluate(task: str, data: Path, models: Path, language: str, *flags: str) -> dict:
    """The figures of one evaluation, as its `--json` line has them."""
    arguments = ["--task", task, "--data", str(data.resolve()), "--models", str(models.resolve()), "--language", language,
                 "--json", *flags]
    done = subprocess.run(["npm", "run", "--silent", "eval", "--", *arguments], cwd=ROOT, text=True, check=True,
                          stdout=subprocess.PIPE)
    figures = json.loads(done.stdout.strip().split("\n")[-1])
    print(models, data.name, *flags, {name: value for name, value in figures.items() if isinstance(value, int | float)}, flush=True)
    return figures


def measure(task: str, data: Path, models: Path, run: Path, ways=tuple(QA_WAYS)) -> dict:
    if task == "qa":
        people = {f"{way}, people": evaluate(task, run / PEOPLE, models, "en", *QA_WAYS[way])
                  for way in ways if way != "unanswerable"}
        return {**{way: evaluate(task, data / QA_SET, models, "en", *QA_WAYS[way]) for way in ways}, **people}
    return {title: evaluate(kind, (run if file == WIKIPEDIA_TEST else data) / file, models, language, *flags)
            for title, (kind, file, language, *flags) in SETS[task].items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets; see README.md")
    parser.add_argument("--runs", type=Path, default=HERE / "runs")
    parser.add_argument("--models", type=Path, default=HERE.parent)
    parser.add_argument("--only", nargs="+", default=["en", "acceptability", "qa", "multilingual"])
    options = parser.parse_args()
    for task in options.only:
        run = options.runs / task
        if task == "multilingual":
            parts = japanese_wikipedia(options.data / "ner/ja-wikipedia/ner.json")
            (run / WIKIPEDIA_TEST).write_text(json.dumps(parts["test"], ensure_ascii=False), encoding="utf-8")
        figures = {"int8": measure(task, options.data, options.models, run),
                   "fp32": measure(task, options.data, run / "fp32", run, ways=["must answer"])}
        (run / "figures.json").write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
