import { afterCueRule, type Form, formRule, type Rule } from '../scan.ts';

const token = (rule: string, pattern: RegExp): Form => ({
  kind: 'SECRET',
  rule,
  pattern,
  score: 0.95,
});

/** Keys and tokens that their issuers mark by a form of their own. */
const marked: readonly Form[] = [
  token(
    'aws-access-key',
    /(?<![A-Za-z0-9])(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])/gu,
  ),
  token(
    'github-token',
    /(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_[A-Za-z0-9_]{22,255})(?![A-Za-z0-9_])/gu,
  ),
  token(
    'gitlab-token',
    /(?<![A-Za-z0-9_-])gl(?:pat|dt|rt|cbt|ptt|ft|agent)-[A-Za-z0-9_-]{20,64}(?![A-Za-z0-9_-])/gu,
  ),
  token('slack-token', /(?<![A-Za-z0-9_-])xox[abeoprs]-[A-Za-z0-9-]{10,250}(?![A-Za-z0-9-])/gu),
  token(
    'slack-webhook',
    /(?<![A-Za-z0-9])https:\/\/hooks\.slack\.com\/(?:services|workflows)\/[A-Za-z0-9/]{20,120}/gu,
  ),
  token('stripe-key', /(?<![A-Za-z0-9_])[rs]k_(?:live|test)_[A-Za-z0-9]{16,247}(?![A-Za-z0-9])/gu),
  token('google-api-key', /(?<![A-Za-z0-9_-])AIza[A-Za-z0-9_-]{35}(?![A-Za-z0-9_-])/gu),
  token(
    'google-oauth',
    /(?<![A-Za-z0-9_.-])(?:ya29\.[A-Za-z0-9_-]{20,500}|GOCSPX-[A-Za-z0-9_-]{28})(?![A-Za-z0-9_-])/gu,
  ),
  token(
    'ai-api-key',
    /(?<![A-Za-z0-9_-])sk-(?:ant-|proj-|svcacct-|or-v1-)?[A-Za-z0-9_-]{20,200}(?![A-Za-z0-9_-])/gu,
  ),
  token('huggingface-token', /(?<![A-Za-z0-9_])hf_[A-Za-z0-9]{30,60}(?![A-Za-z0-9_])/gu),
  token('npm-token', /(?<![A-Za-z0-9_])npm_[A-Za-z0-9]{36}(?![A-Za-z0-9_])/gu),
  token('pypi-token', /(?<![A-Za-z0-9_-])pypi-[A-Za-z0-9_-]{50,250}(?![A-Za-z0-9_-])/gu),
  token(
    'sendgrid-key',
    /(?<![A-Za-z0-9_.-])SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64}(?![A-Za-z0-9_-])/gu,
  ),
  token(
    'jwt',
    /(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{8,2048}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,2048}/gu,
  ),
];

const beginning = '-----BEGIN ';
const label = /-----BEGIN (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY(?: BLOCK)?-----/y;
const ending = /-----END [A-Z0-9 ]{1,60}-----/g;

/** Private keys in PEM's armour; one without an end is hidden to the end of the text. */
const privateKeys: Rule = function* findPrivateKeys({ text }) {
  let from = text.indexOf(beginning);
  while (from >= 0) {
    label.lastIndex = from;
    if (!label.test(text)) {
      from = text.indexOf(beginning, from + 1);
      continue;
    }
    ending.lastIndex = from;
    const found = ending.exec(text);
    const end = found ? found.index + found[0].length : text.length;
    yield { kind: 'SECRET', rule: 'private-key', start: from, end, score: 0.95 };
    from = text.indexOf(beginning, end);
  }
};

/** Shannon's entropy of a string's units, in bits a unit. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const unit of value) counts.set(unit, (counts.get(unit) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values())
    bits -= (count / value.length) * Math.log2(count / value.length);
  return bits;
}

/** Letters and digits in no order that words have. */
function isRandom(value: string): boolean {
  return /\d/.test(value) && /[A-Za-z]/.test(value) && entropyOf(value) >= 3;
}

/** What was said to be a password, and what looks random near the words for keys. */
const told: readonly Rule[] = [
  afterCueRule('password', {
    kind: 'SECRET',
    rule: 'password',
    pattern:
      /((?:[ \t]*(?:code|number|is|was|ist|lautet|est|es|è|é|är|er))?["']?[ \t]*[:=：][ \t]*["'`]?|[ \t]+(?:is|was|ist|lautet|est|es|è|é|är|er)[ \t]*[:"'`]{1,2}[ \t]*["'`]?)([^\s"'`,;<>]{3,128})/iuy,
    score: 0.85,
  }),
  afterCueRule('password', {
    kind: 'SECRET',
    rule: 'password',
    pattern:
      /([ \t]+(?:(?:code|number|is|was|ist|lautet|est|es|è|é|är|er|to)[ \t]+){1,2}["'`]?)([^\s"'`,;<>]{3,128}[^\s"'`,;<>.!?])/iuy,
    check: (value) => /\d/.test(value) || /[a-z][A-Z]|[!@#$%^&*_+=~]/.test(value),
    score: 0.7,
  }),
  afterCueRule('secret', {
    kind: 'SECRET',
    rule: 'random-near-words',
    pattern:
      /((?:[_ -]?[A-Za-z]{1,12}){0,3}["']?[ \t]*(?::|=|=>|is|ist|est|es|:=|：)?[ \t]*["'`]?)([A-Za-z0-9+/_.=-]{16,512})(?![A-Za-z0-9+/_-])/uy,
    check: isRandom,
    score: 0.85,
  }),
];

/** Passwords, keys and tokens. */
export const secretRules: readonly Rule[] = [formRule(marked), privateKeys, ...told];
