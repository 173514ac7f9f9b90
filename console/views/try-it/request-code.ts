/** The languages in which a request can be copied. */
export const codeLanguages = ['curl', 'Python', 'TypeScript'] as const;

/** One of them. */
export type CodeLanguage = (typeof codeLanguages)[number];

/** A call of `/v1/analyze` as a program makes it. */
export interface CodeRequest {
  /** Address of the API, without `/v1`. */
  readonly apiUrl: string;
  readonly body: Readonly<Record<string, unknown>>;
  /** The key is read from the variable `SPANSTREAM_API_KEY`: it never stands in the code. */
  readonly needsKey: boolean;
}

/** What cannot be seen in code, or makes it look like other code: controls, formats such as those of direction, lone surrogates. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u00a0]/gu;

/** JSON in which whatever cannot be seen is escaped, two spaces a level. */
function jsonOf(value: unknown, escaped: (character: string) => string = unitsOf): string {
  const json = JSON.stringify(value, null, 2);
  return json.replace(UNSEEN, (character) => (character === '\n' ? character : escaped(character)));
}

/** `\u202e`, or both surrogates. */
const unitsOf = (character: string): string =>
  Array.from(
    { length: character.length },
    (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, '0')}`,
  ).join('');

/** Python joins no surrogates: what is beyond 16 bits has a form of its own. */
const pythonEscape = (character: string): string =>
  character.length === 1
    ? unitsOf(character)
    : `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;

/** Python's words for JSON's, outside of strings. */
const pythonWords: Readonly<Record<string, string>> = {
  true: 'True',
  false: 'False',
  null: 'None',
};

const pythonOf = (value: unknown): string =>
  jsonOf(value, pythonEscape).replace(
    /"(?:[^"\\]|\\.)*"|\b(?:true|false|null)\b/g,
    (token) => pythonWords[token] ?? token,
  );

/** A word of a POSIX shell that stands for exactly this text. */
const shellOf = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The request as a program that can be run as it stands. */
export function codeOf(language: CodeLanguage, request: CodeRequest): string {
  const address = `${request.apiUrl}/v1/analyze`;
  if (language === 'curl') return curlOf(address, request);
  return language === 'Python'
    ? pythonProgram(address, request)
    : typeScriptProgram(address, request);
}

const curlOf = (address: string, { body, needsKey }: CodeRequest): string =>
  [
    `curl -sS ${shellOf(address)}`,
    ...(needsKey ? ['-H "x-api-key: $SPANSTREAM_API_KEY"'] : []),
    "-H 'content-type: application/json'",
    `--data-binary ${shellOf(jsonOf(body))}`,
  ].join(' \\\n  ');

const pythonProgram = (address: string, { body, needsKey }: CodeRequest): string =>
  `import json, ${needsKey ? 'os, ' : ''}urllib.request

body = ${pythonOf(body)}
request = urllib.request.Request(
    ${JSON.stringify(address)},
    data=json.dumps(body).encode(),
    headers={${needsKey ? '"x-api-key": os.environ["SPANSTREAM_API_KEY"], ' : ''}"content-type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))
`;

const typeScriptProgram = (address: string, { body, needsKey }: CodeRequest): string =>
  `const response = await fetch(${JSON.stringify(address)}, {
  method: 'POST',
  headers: {${needsKey ? " 'x-api-key': process.env.SPANSTREAM_API_KEY ?? ''," : ''} 'content-type': 'application/json' },
  body: JSON.stringify(${jsonOf(body).replaceAll('\n', '\n  ')}),
});
console.log(await response.json());
`;
