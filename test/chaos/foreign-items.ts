import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FOREIGN } from './audit.ts';

/** Puts items into the results table that are none of the product's: of another kind, or like a result but for a field. */
export async function putForeignItems(
  client: DynamoDBClient,
  TableName: string,
  at: number,
): Promise<void> {
  const odd = { big: { N: '1E+30' }, long: { N: '12345678901234567890123' }, no: { NULL: true } };
  const id = `${FOREIGN}${Math.floor(at * 1e6)}`;
  const packed = { B: Buffer.from('not packed at all') };
  const result = { entities: { L: [] }, answers: { L: [] }, tokens: { N: '1' }, ...odd };
  for (const Item of [
    { pk: { S: `NOTE#${id}` }, sk: { S: 'NOTE' }, packed, ...odd },
    { pk: { S: `REC#${id}` }, sk: { S: 'RESULT#x#y' }, id: { S: id }, packed, ...odd },
    {
      ...{ pk: { S: `REC#${id}-time` }, sk: { S: 'RESULT#x#z' }, id: { S: `${id}-time` } },
      ...{ arrivedAt: { S: 'yesterday' }, source: { S: 'x' }, ...result },
    },
  ]) {
    await client.send(new PutItemCommand({ TableName, Item }));
  }
}
