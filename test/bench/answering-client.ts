/** Answers one call: its operation, such as `PutItem`, and its body as JSON; gives the answer's body as JSON. */
export type Answer = (operation: string, body: string) => string;

/**
 * The configuration of an SDK client whose service lives in this process and answers at once: all that the client does for a
 * call but the wire.
 */
export const answeringClient = (answer: Answer) => ({
  region: 'eu-west-1',
  credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
  requestHandler: {
    handle: async ({ headers, body }: { headers: Record<string, string>; body: Uint8Array }) => {
      const operation = headers['x-amz-target']?.split('.')[1] ?? '';
      const answered = Buffer.from(answer(operation, new TextDecoder().decode(body)));
      return { response: { statusCode: 200, headers: {}, body: answered } };
    },
  },
});
