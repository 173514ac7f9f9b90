import { type Form, formRule, type Rule } from '../scan.ts';

const localUnit = /[\p{L}\p{M}\p{N}.!#$%&'*+/=?^_`{|}~-]/u;
const domain =
  /(?:@|%40)(?:[\p{L}\p{N}](?:[\p{L}\p{M}\p{N}-]{0,62})\.){1,8}(?:xn--[a-z0-9-]{2,59}|[\p{L}]{2,24})(?![\p{L}\p{N}])/uy;

/** E-mail addresses, read from their `@` to both sides; in a query it is written `%40`. */
export const emails: Rule = function* findEmails({ text }) {
  let floor = 0;
  for (const { index: at } of text.matchAll(/@|%40/g)) {
    let start = at;
    const least = Math.max(floor, at - 64);
    while (start > least && localUnit.test(text.charAt(start - 1))) start--;
    // Punctuation before an address belongs to the sentence.
    while (start < at && !/[\p{L}\p{N}_]/u.test(text.charAt(start))) start++;
    if (start === at || text.charAt(at - 1) === '.') continue;
    // Of a path or a query only what comes last.
    const local = text.slice(start, at);
    start += Math.max(local.lastIndexOf('/'), local.lastIndexOf('=')) + 1;
    domain.lastIndex = at;
    const [host] = domain.exec(text) ?? [];
    if (host === undefined || start >= at) continue;
    floor = at + host.length;
    yield { kind: 'EMAIL', rule: 'email', start, end: floor, score: 0.95 };
  }
};

const octet = '(?:25[0-5]|2[0-4]\\d|1\\d{2}|[1-9]?\\d)';
const isIpv6 = (value: string): boolean => {
  const [left = '', right, ...more] = value.split('::');
  if (more.length > 0 || !/\d/.test(value)) return false;
  const groups = (side: string | undefined) => (side ? side.split(':') : []);
  const all = [...groups(left), ...groups(right)];
  const last = all.at(-1) ?? '';
  const mapped = last.includes('.');
  if (mapped && !new RegExp(`^(?:${octet}\\.){3}${octet}$`).test(last)) return false;
  const count = all.length + (mapped ? 1 : 0);
  if (!all.slice(0, mapped ? -1 : undefined).every((group) => /^[0-9a-f]{1,4}$/i.test(group))) {
    return false;
  }
  return right === undefined ? count === 8 : count >= 2 && count < 8;
};

const topLevels =
  'com|org|net|edu|gov|mil|int|info|biz|io|ai|app|dev|xyz|online|shop|site|store|blog|cloud|tech|club|news|live|me|tv|co|eu|us|uk|de|fr|es|it|nl|be|ch|at|se|dk|no|fi|pl|cz|pt|br|jp|cn|kr|ru|ua|in|au|nz|ca|mx|ar|cl|ie|za|gr|hu|ro|hr|si|sk|tr|il';

const internet: readonly Form[] = [
  {
    kind: 'IP_ADDRESS',
    rule: 'ipv4',
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}_.-])(?:${octet}\\.){3}${octet}(?![\\p{L}\\p{N}_-]|\\.\\d)`,
      'gu',
    ),
    unless: ['version', 12],
    score: 0.95,
  },
  {
    kind: 'IP_ADDRESS',
    rule: 'ipv6',
    pattern: /(?<![\p{L}\p{N}_:.])[0-9a-f:]{2,39}(?:\.\d{1,3}){0,3}(?![\p{L}\p{N}_:])/giu,
    check: (value) => value.includes(':') && isIpv6(value),
    score: 0.95,
  },
  {
    kind: 'MAC_ADDRESS',
    rule: 'mac',
    pattern:
      /(?<![\p{L}\p{N}_:-])(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}|[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4})(?![\p{L}\p{N}_:-])/giu,
    score: 0.95,
  },
  {
    kind: 'URL',
    rule: 'domain',
    pattern: new RegExp(
      `(?<![\\p{L}\\p{N}_@.+/-])(?:www\\.(?:[a-z0-9-]{1,63}\\.){1,8}[a-z]{2,24}|(?:[a-z0-9-]{1,63}\\.){1,8}(?:${topLevels}))(?![\\p{L}\\p{N}_@-]|\\.[\\p{L}\\p{N}])(?:/(?:[^\\s<>"'\`\\u3000-\\u303f]{0,2000}[^\\s<>"'\`\\u3000-\\u303f.,;:!?)])?)?`,
      'giu',
    ),
    // `e.g.in`, `Fig.me`: a name has a label of some length, and lower case or no case after its last dot.
    check: (value) =>
      /[a-z0-9-]{2,63}\.(?:[a-z]{2,24}|[A-Z]{2,24})(?:\/|$)/iu.test(value) &&
      !/\.[A-Z][a-z]/.test(value),
    score: 0.85,
  },
];

const urlStart =
  /(?<![\p{L}\p{N}_])(?:https?|ftps?|sftp|ssh|wss?|file|git|ldaps?|smb|postgres(?:ql)?|mysql|mongodb(?:\+srv)?|rediss?|amqps?|jdbc:[a-z]{2,16}):\/\/[^\s<>"`\u3000-\u303f\uff00-\uffef]{1,2048}/giu;

/** URLs; one that holds a user's password is a secret. */
const urls: Rule = function* findUrls({ text }) {
  for (const { 0: found, index: start } of text.matchAll(urlStart)) {
    const end = start + trimmedLength(found);
    const url = text.slice(start, end);
    const authority = /^[a-z:+]{2,32}:\/\/([^/?#]{0,2048})/iu.exec(url)?.[1] ?? '';
    const secret = /^[^@]{0,256}:[^@]{1,1024}@/u.test(authority);
    if (secret) yield { kind: 'SECRET', rule: 'url-credentials', start, end, score: 0.95 };
    else yield { kind: 'URL', rule: 'url', start, end, score: 0.95 };
  }
};

/** Punctuation after a URL, and a bracket that closes what it does not open, belong to the sentence. */
function trimmedLength(url: string): number {
  let { length } = url;
  let balance = 0;
  for (const unit of url) balance += unit === '(' ? 1 : unit === ')' ? -1 : 0;
  for (; length > 0; length--) {
    const last = url.charAt(length - 1);
    if (last === ')' && balance < 0) balance++;
    else if (!/[.,;:!?'\]}>*|”’»]/u.test(last)) break;
  }
  return length;
}

/** What has an address on a network. */
export const internetRules: readonly Rule[] = [emails, formRule(internet), urls];
