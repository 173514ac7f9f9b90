import { InferenceSession } from 'onnxruntime-node';

await InferenceSession.create(process.argv[2] ?? '');
process.stdout.write(JSON.stringify({ milliseconds: performance.now() }));
