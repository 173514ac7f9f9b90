import { InferenceSession, sessionOptions } from '#shared/nlp/onnx.ts';

await InferenceSession.create(process.argv[2] ?? '', sessionOptions(false));
process.stdout.write(JSON.stringify({ milliseconds: performance.now() }));
