/** A runtime client of its own kind, run in place of the real one: it does as its environment says, at init or with its first invocation. */
import { request } from 'node:http';

const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const action = process.env.ACTION;

const call = (method, path, body) =>
  new Promise((resolve, reject) => {
    const sent = request({ host, port, method, path: `/2018-06-01/runtime/${path}` }, (answer) => {
      answer.resume();
      answer.on('end', () => resolve(answer.headers['lambda-runtime-aws-request-id']));
    });
    sent.on('error', reject);
    sent.end(body);
  });

if (action === 'exit-at-init') process.exit(3);
if (action === 'hang-at-init') await new Promise(() => setInterval(() => undefined, 1_000));

for (;;) {
  const id = await call('GET', 'invocation/next');
  const answer = (body) => call('POST', `invocation/${id}/response`, body);
  if (action === 'answer-garbage') await answer('{"batchItemFailures": [');
  if (action === 'answer-nothing') await answer('');
  if (action === 'answer-another') await call('POST', 'invocation/of-nobody/response', '{}');
  if (action === 'answer-twice') {
    await answer('{"first":true}');
    await answer('{"second":true}');
  }
  if (action === 'ask-elsewhere') {
    await call('POST', 'nowhere', 'x'.repeat(1_000_000));
    await answer('null');
  }
  if (action === 'flood-answer') await answer(Buffer.alloc(40_000_000, 'x')).catch(() => undefined);
}
