import { randomUUID } from 'node:crypto';
import type { AwsProtocol } from '../aws-protocols.ts';
import type { HttpAnswer } from '../http-server.ts';

const XMLNS = 'http://monitoring.amazonaws.com/doc/2010-08-01/';
const DEPTH = 12;
// biome-ignore format: a list to be read as one
const NUMBERS = new Set([
  'Value', 'Values', 'Counts', 'SampleCount', 'Sum', 'Minimum', 'Maximum', 'StorageResolution', 'Period',
  'EvaluationPeriods', 'DatapointsToAlarm', 'Threshold', 'MaxRecords', 'MaxDatapoints',
]);
const BOOLEANS = new Set(['ActionsEnabled', 'ReturnData']);
const TIMES = new Set(['Timestamp', 'StartTime', 'EndTime', 'StartDate', 'EndDate']);

/** Names that come in a list's stead while its members are gathered. */
interface Node {
  [name: string]: Node | string;
}

/** AWS Query: a form in, XML out; older SDKs speak it, such as boto3 1.35 and version 1 of the CLI. */
export function queryProtocol(service: string, times: ReadonlySet<string>): AwsProtocol {
  return {
    speaks: ({ headers }) =>
      String(headers['content-type'] ?? '').startsWith('application/x-www-form-urlencoded'),
    read: (_request, body) => {
      const form = new URLSearchParams(body.toString('utf8'));
      const tree: Node = Object.create(null);
      for (const [path, text] of form) put(tree, path.split('.'), text);
      return { target: `${service}.${form.get('Action')}`, input: plain(tree, '') };
    },
    write: (output, _request, target = '') => {
      const operation = target.slice(service.length + 1);
      return document(
        `<${operation}Response xmlns="${XMLNS}"><${operation}Result>${xml(output, times)}</${operation}Result>` +
          `<ResponseMetadata><RequestId>${randomUUID()}</RequestId></ResponseMetadata></${operation}Response>`,
      );
    },
    writeError: (code, error) =>
      document(
        `<ErrorResponse xmlns="${XMLNS}"><Error><Type>${error.statusCode < 500 ? 'Sender' : 'Receiver'}</Type>` +
          `<Code>${escapeXml(code)}</Code><Message>${escapeXml(error.message)}</Message></Error>` +
          `<RequestId>${randomUUID()}</RequestId></ErrorResponse>`,
      ),
  };
}

function document(body: string): HttpAnswer {
  return { headers: { 'content-type': 'text/xml' }, body };
}

function put(node: Node, path: readonly string[], text: string): void {
  const [name = '', ...rest] = path;
  if (path.length > DEPTH) throw new Error('a parameter is nested too deeply');
  if (rest.length === 0) {
    node[name] = text;
    return;
  }
  const inner = node[name];
  const next: Node = typeof inner === 'object' ? inner : Object.create(null);
  node[name] = next;
  put(next, rest, text);
}

/** A gathered tree as the input that JSON would have brought: lists for `member.1`, numbers and times by their names. */
function plain(node: Node | string, name: string, parent = ''): unknown {
  if (typeof node === 'string') return value(node, name, parent);
  const { member } = node;
  if (typeof member === 'object') {
    return Object.entries(member)
      .sort(([a], [b]) => Number(a) - Number(b))
      .map(([, item]) => plain(item, name, name));
  }
  return Object.fromEntries(
    Object.entries(node).map(([key, item]) => [key, plain(item, key, parent)]),
  );
}

function value(text: string, name: string, parent: string): unknown {
  if (BOOLEANS.has(name)) return text === 'true' || (text === 'false' ? false : text);
  if (TIMES.has(name)) return secondsOf(text);
  if (!NUMBERS.has(name) || (name === 'Value' && parent === 'Dimensions')) return text;
  return text.trim() === '' || Number.isNaN(Number(text)) ? text : Number(text);
}

function secondsOf(text: string): unknown {
  const milliseconds = Date.parse(text);
  return Number.isNaN(milliseconds) ? text : milliseconds / 1_000;
}

function xml(output: unknown, times: ReadonlySet<string>, name = ''): string {
  if (Array.isArray(output)) {
    return output.map((item) => `<member>${xml(item, times, name)}</member>`).join('');
  }
  if (typeof output === 'number' && times.has(name)) return new Date(output * 1_000).toISOString();
  if (output === null || typeof output !== 'object') return escapeXml(String(output));
  const entries = Object.entries(output).filter(([, inner]) => inner !== undefined);
  return entries
    .map(([key, inner]) =>
      name === 'ExtendedStatistics'
        ? `<entry><key>${escapeXml(key)}</key><value>${inner}</value></entry>`
        : `<${key}>${xml(inner, times, key)}</${key}>`,
    )
    .join('');
}

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#13;' };

function escapeXml(text: string): string {
  return text.replace(/[&<>\r]/g, (character) => ESCAPES[character] ?? character);
}
