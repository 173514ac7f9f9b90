import { randomUUID } from 'node:crypto';
import { type AwsProtocol, TIME } from '../aws-protocols.ts';
import { type XmlValue, xmlAnswer } from '../xml.ts';

const NAMESPACE = 'http://monitoring.amazonaws.com/doc/2010-08-01/';
const DEPTH = 12;
// biome-ignore format: a list to be read as one
const NUMBERS = new Set([
  'Value', 'Values', 'Counts', 'SampleCount', 'Sum', 'Minimum', 'Maximum', 'StorageResolution', 'Period',
  'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold', 'MaxRecords',
]);
const BOOLEANS = new Set(['ActionsEnabled', 'ReturnData']);

/** Names that come in a list's stead while its members are gathered. */
interface FormNode {
  [name: string]: FormNode | string;
}

/** AWS Query: a form in, XML out; older SDKs speak it, such as boto3 1.35 and version 1 of the CLI. */
export function queryProtocol(service: string): AwsProtocol {
  const answer = (root: string, value: XmlValue) => xmlAnswer(root, value, NAMESPACE, 'text/xml');
  return {
    speaks: ({ headers }) =>
      String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded'),
    read: (_request, body) => {
      const form = new URLSearchParams(body.toString('utf8'));
      const tree: FormNode = Object.create(null);
      for (const [path, text] of form) put(tree, path.split('.'), text);
      return { target: `${service}.${form.get('Action')}`, input: inputOf(tree, '') };
    },
    write: (output, _request, target = '') => {
      const operation = target.slice(service.length + 1);
      return answer(`${operation}Response`, {
        [`${operation}Result`]: outputOf(output, ''),
        ResponseMetadata: { RequestId: randomUUID() },
      });
    },
    writeError: (Code, { statusCode, message: Message }) =>
      answer('ErrorResponse', {
        Error: { Type: statusCode < 500 ? 'Sender' : 'Receiver', Code, Message },
        RequestId: randomUUID(),
      }),
  };
}

function put(node: FormNode, [name = '', ...rest]: readonly string[], text: string): void {
  if (rest.length >= DEPTH) throw new Error('a parameter is nested too deeply');
  if (rest.length === 0) {
    node[name] = text;
    return;
  }
  const inner = node[name];
  const next: FormNode = typeof inner === 'object' ? inner : Object.create(null);
  node[name] = next;
  put(next, rest, text);
}

/** A gathered tree as the input that JSON would have brought: lists for `member.1`, numbers and times by their names. */
function inputOf(node: FormNode | string, name: string, parent = ''): unknown {
  if (typeof node === 'string') return parsed(node, name, parent);
  const { member } = node;
  if (typeof member === 'object') {
    // An object has names that are numbers in their order.
    return Object.values(member).map((item) => inputOf(item, name, name));
  }
  const entries = Object.entries(node);
  return Object.fromEntries(entries.map(([key, item]) => [key, inputOf(item, key, parent)]));
}

/** What a text stands for; where it is nothing of the kind it stays, to be refused by its name. */
function parsed(text: string, name: string, parent: string): unknown {
  if (BOOLEANS.has(name)) return text === 'true' || (text === 'false' ? false : text);
  const isNumber = NUMBERS.has(name) && !(name === 'Value' && parent === 'Dimensions');
  if (!isNumber && !TIME.test(name)) return text;
  const number = isNumber ? Number(text.trim() || Number.NaN) : Date.parse(text) / 1_000;
  return Number.isNaN(number) ? text : number;
}

/** An output as XML has it: `member` for what a list holds, times in ISO 8601, a map as its entries. */
function outputOf(value: unknown, name: string): XmlValue {
  if (Array.isArray(value)) return { member: value.map((item) => outputOf(item, name)) };
  if (typeof value === 'number' && TIME.test(name)) return new Date(value * 1_000).toISOString();
  if (value === null || typeof value !== 'object') return value as XmlValue;
  const entries = Object.entries(value).map(([key, inner]) => [key, outputOf(inner, key)] as const);
  return name === 'ExtendedStatistics'
    ? { entry: entries.map(([key, inner]) => ({ key, value: inner })) }
    : Object.fromEntries(entries);
}
