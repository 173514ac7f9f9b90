/** What a proxy is answered, or answers itself. */
export interface Reply {
  readonly status: number;
  readonly headers: Record<string, string | string[] | undefined>;
  readonly body: Buffer;
}

type Call = Record<string, unknown>;
type Pass = (part: Call) => Promise<Reply>;

/** Lets every other entry of a call through; the rest comes back as the API says that it was not taken. */
export function replyInPart(operation: string, call: Call, pass: Pass): Promise<Reply> {
  return operation === 'PutRecords' ? splitPutRecords(call, pass) : splitBatchWrite(call, pass);
}

async function splitPutRecords(call: Call, pass: Pass): Promise<Reply> {
  const records = call.Records as unknown[];
  const kept = records.filter((_, index) => index % 2 === 0);
  const reply = await pass({ ...call, Records: kept });
  if (reply.status !== 200) return reply;
  const answer = JSON.parse(reply.body.toString('utf8')) as { Records: unknown[] };
  const refused = {
    ErrorCode: 'ProvisionedThroughputExceededException',
    ErrorMessage: 'Rate exceeded',
  };
  const merged = records.map((_, index) => (index % 2 === 0 ? answer.Records[index / 2] : refused));
  const FailedRecordCount = records.length - kept.length;
  return json(reply, { ...answer, FailedRecordCount, Records: merged });
}

async function splitBatchWrite(call: Call, pass: Pass): Promise<Reply> {
  const tables = Object.entries(call.RequestItems as Record<string, unknown[]>);
  const half = (odd: number) =>
    Object.fromEntries(
      tables
        .map(([table, items]) => [table, items.filter((_, index) => index % 2 === odd)] as const)
        .filter(([, items]) => items.length > 0),
    );
  const reply = await pass({ ...call, RequestItems: half(0) });
  if (reply.status !== 200) return reply;
  const answer = JSON.parse(reply.body.toString('utf8')) as Call;
  return json(reply, { ...answer, UnprocessedItems: half(1) });
}

function json(reply: Reply, value: unknown): Reply {
  const { 'x-amz-crc32': _, ...headers } = reply.headers;
  return { status: reply.status, headers, body: Buffer.from(JSON.stringify(value)) };
}
