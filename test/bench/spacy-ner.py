"""The entity recognizer of spaCy's en_core_web_md alone: texts as JSON on the first line of standard input, then a line a round.

Answers each line with seconds of processor time, over all threads of the process, that all texts took.
"""

import json
import sys
import time

import spacy

nlp = spacy.load(sys.argv[1], exclude=["tok2vec", "tagger", "parser", "senter", "attribute_ruler", "lemmatizer"])
texts = json.loads(sys.stdin.readline())
print(json.dumps(nlp.pipe_names), flush=True)
for _ in sys.stdin:
    before = time.process_time()
    for _ in nlp.pipe(texts):
        pass
    print(time.process_time() - before, flush=True)
