import { execFile } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startS3 } from '#local/services/s3/index.ts';
import { clientConfig } from '#test/conformance/support/adapter.ts';
import { waitFor } from '#test/conformance/support/wait-for.ts';
import { makeFolder } from '../support/folders.ts';
import { type CommandInput, lastJson, runCommand, startCommand } from '../support/run-command.ts';
import { startStreams } from '../support/stream.ts';

let folder: Awaited<ReturnType<typeof makeFolder>>;
let streams: Awaited<ReturnType<typeof startStreams>>;
let stream: string;
beforeAll(async () => {
  folder = await makeFolder();
  streams = await startStreams();
});
afterAll(async () => {
  await streams?.close();
  await folder?.remove();
});
beforeEach(async () => {
  stream = await streams.create();
});

const command = (args: readonly string[], input?: CommandInput['input']) =>
  [
    'producers/commands/produce.ts',
    [...args, '--stream', stream, '--json'],
    { cwd: folder.path, env: streams.environment, ...(input !== undefined && { input }) },
  ] as const;
const produce = (args: readonly string[], input?: string) => runCommand(...command(args, input));
const line = (id: string) => `${JSON.stringify({ id, text: `Text ${id}.` })}\n`;
const idsOnStream = async () => (await streams.records(stream)).map(({ id }) => id);

async function put(name: string, text: string): Promise<string> {
  await writeFile(join(folder.path, name), text);
  return name;
}

describe('produce from a file', () => {
  it('puts every line, round by round, under one source', async () => {
    const file = await put('good.jsonl', `${line('a')}\n${line('b')}`);

    const { code, out } = await produce([file, '--loop', '2', '--source', 'news']);

    expect(code).toBe(0);
    const records = await streams.records(stream);
    expect(records.map(({ id }) => id)).toEqual(['a', 'b', 'a.2', 'b.2']);
    expect(new Set(records.map(({ source }) => source))).toEqual(new Set(['news']));
    expect(lastJson(out)).toEqual({
      read: 4,
      put: 4,
      retried: 0,
      stranded: 0,
      bytes: records.reduce((sum, record) => sum + JSON.stringify(record).length, 0),
      seconds: expect.any(Number),
    });
  });

  it('sends what is before the first bad line, in the first round alone, and names it', async () => {
    const file = await put('bad.jsonl', `${line('a')}${line('b')}{"id":"c"}\n${line('d')}`);

    const { code, out, said } = await produce([file, '--loop', '2']);

    expect(code).toBe(1);
    expect(said).toMatch(/^line 3: text is required$/m);
    expect(said).toMatch(/^ended at line 3: what is before it was sent/m);
    expect(lastJson(out)).toMatchObject({ read: 3, put: 2 });
    expect(await idsOnStream()).toEqual(['a', 'b']);
  });

  it('leaves bad lines out where it is told to, and names them once', async () => {
    const file = await put('some.jsonl', `${line('a')}[]\n${line('b')}`);

    const { code, out, said } = await produce([file, '--skip-invalid', '--loop', '2']);

    expect(code).toBe(0);
    expect(said.match(/^line 2: /gm)).toHaveLength(1);
    expect(lastJson(out)).toMatchObject({ read: 6, put: 4 });
    expect(await idsOnStream()).toEqual(['a', 'b', 'a.2', 'b.2']);
  });

  it('ends at Ctrl-C with what was done so far', async () => {
    const file = await put(
      'long.jsonl',
      Array.from({ length: 500 }, (_, n) => line(`r${n}`)).join(''),
    );

    const running = startCommand(...command([file, '--rate', '20']));
    await running.saying(/put to /);
    running.interrupt();
    const { code, out, said } = await running.ended;

    expect(code).toBe(130);
    const { read, put: sent } = lastJson(out) as { read: number; put: number };
    expect(sent).toBeGreaterThan(0);
    expect(sent).toBeLessThan(500);
    expect(read).toBeGreaterThanOrEqual(sent);
    expect(said).toMatch(new RegExp(`^interrupted after ${read} records$`, 'm'));
    expect(await idsOnStream()).toHaveLength(sent);
  });

  it('checks a file far larger than its memory', async () => {
    // Prepare: 96 MB for a process that may hold 64, and in the end a line of 20 MB.
    const handle = await open(join(folder.path, 'large.jsonl'), 'w');
    const records = Array.from({ length: 100 }, (_, n) =>
      JSON.stringify({ id: `r${n}`, text: 'word '.repeat(2_000) }),
    ).join('\n');
    for (let n = 0; n < 96; n++) await handle.write(`${records}\n`);
    await handle.write('"'.repeat(20_000_000));
    await handle.close();
    const [script, args, input] = command(['large.jsonl', '--dry-run']);

    // Act
    const { code, out, said } = await runCommand(script, args, {
      ...input,
      env: { NODE_OPTIONS: '--max-old-space-size=64' },
    });

    // Assess
    expect(code).toBe(1);
    expect(said).toMatch(/^line 9601: the line must be at most 8388608 bytes long$/m);
    expect(lastJson(out)).toMatchObject({ read: 9_601, put: 0 });
  });
});

describe('produce from many', () => {
  it('puts the records of files of every format, and of those that match a pattern', async () => {
    // Prepare
    await put('m1.jsonl', line('a'));
    await writeFile(join(folder.path, 'm2.jsonl.gz'), gzipSync(line('b') + line('c')));
    const table = await put('m3.csv', 'id,text,kind\nd,"One, ""two""\nthree",x\n');
    const text = await put('m4.txt', 'A text of its own.');

    // Act
    const { code, out } = await produce(['m?.jsonl*', table, text]);

    // Assess
    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({ read: 5, put: 5 });
    const records = await streams.records(stream);
    expect(records.slice(0, 4).map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd']);
    expect(records[3]).toMatchObject({ text: 'One, "two"\nthree', attributes: { kind: 'x' } });
    expect(records[4]).toMatchObject({
      id: expect.stringMatching(/^m4\.txt-[0-9a-f]{8}$/),
      text: 'A text of its own.',
      attributes: { 'file.name': 'm4.txt' },
    });
  });

  it('puts the records of objects, and says which it cannot tell', async () => {
    // Prepare
    const s3 = await startS3();
    const client = new S3Client({ ...clientConfig(s3.endpoint), forcePathStyle: true });
    await client.send(new CreateBucketCommand({ Bucket: 'texts' }));
    const objects = {
      'in/a.jsonl.gz': gzipSync(line('a')),
      'in/b.tsv': 'text\tid\nOne\tb\n',
      'in/c.pdf': '%PDF',
    };
    for (const [Key, Body] of Object.entries(objects)) {
      await client.send(new PutObjectCommand({ Bucket: 'texts', Key, Body }));
    }
    const [script, args, options] = command(['s3://texts/in/']);

    // Act
    const { code, out, said } = await runCommand(script, args, {
      ...options,
      env: { ...options.env, AWS_ENDPOINT_URL_S3: s3.endpoint },
    });
    client.destroy();
    await s3.close();

    // Assess
    expect(said).toMatch(/^left out 1 objects of s3:\/\/texts\/in\/: names must end in /m);
    expect({ code, ids: await idsOnStream() }).toEqual({ code: 0, ids: ['a', 'b'] });
    expect(lastJson(out)).toMatchObject({ read: 2, put: 2 });
  });

  it('names a file that cannot be read to its end, after what is before it was sent', async () => {
    const good = await put('good.jsonl', line('a'));
    await writeFile(join(folder.path, 'cut.jsonl.gz'), gzipSync(line('b')).subarray(0, 20));

    const { code, said } = await produce([good, 'cut.jsonl.gz']);

    expect(code).toBe(1);
    expect(said).toMatch(/^produce: cannot read cut\.jsonl\.gz: the file is not gzip, or is cut/m);
    expect(await idsOnStream()).toEqual(['a']);
  });
});

describe('produce --resume', () => {
  it('misses nothing and doubles one call at most, killed again and again', async () => {
    // Prepare
    const ids = Array.from({ length: 900 }, (_, n) => `r${n}`);
    const third = (n: number) =>
      ids
        .slice(n * 300, (n + 1) * 300)
        .map((id) => line(id))
        .join('');
    const plain = await put('one.jsonl', third(0));
    await writeFile(join(folder.path, 'two.jsonl.gz'), gzipSync(third(1)));
    const last = await put('three.jsonl', third(2));
    const args = [plain, 'two.jsonl.gz', last, '--resume', '--rate', '200'];

    // Act: a call holds a tenth of a second's records.
    const counts: number[] = [];
    for (const until of [100, 350, 640]) {
      const running = startCommand(...command(args));
      await waitFor(async () => (await idsOnStream()).length >= until, {
        ...{ what: `${until} records`, timeoutMs: 60_000, everyMs: 10 },
      });
      running.signal('SIGKILL');
      await running.ended;
      counts.push((await idsOnStream()).length);
    }
    const other = await produce([plain, '--resume']);
    const { code, out } = await produce(args);

    // Assess
    const onStream = await idsOnStream();
    expect(counts.at(-1)).toBeLessThan(900);
    expect(new Set(onStream)).toEqual(new Set(ids));
    expect(onStream.length - ids.length).toBeLessThanOrEqual(3 * 20);
    expect(code).toBe(0);
    const { put: sent } = lastJson(out) as { put: number };
    expect(sent).toBe(onStream.length - (counts.at(-1) ?? 0));
    expect(other.said).toMatch(/another run, whose inputs is .*: end that first/);
    await expect(readFile(join(folder.path, '.spanstream-produce.json'))).rejects.toThrow(/ENOENT/);
  });

  it('sends what was stranded, and refuses a file that changed meanwhile', async () => {
    // Prepare
    const file = await put('strand.jsonl', line('a') + line('b'));
    const state = ['--resume', '--state', 'strand.json'];
    const gone = [file, '--stream', 'no-such-stream', ...state];
    const [script, , options] = command([]);

    // Act
    const first = await runCommand(script, gone, options);
    await put('strand.jsonl', line('a') + line('b') + line('c'));
    const second = await runCommand(script, gone, options);

    // Assess
    expect(first.code).toBe(1);
    expect(first.said).toMatch(/^the same command goes on from there$/m);
    const kept = JSON.parse(await readFile(join(folder.path, 'strand.json'), 'utf8'));
    expect(kept.state).toMatchObject({ read: 2, open: [0, 1] });
    expect(second.code).toBe(1);
    expect(second.said).toMatch(
      /^produce: strand\.json keeps the place of another run, whose inputs/,
    );
  });
});

describe('produce from standard input', () => {
  it('sends what is before the first bad line, and no more', async () => {
    const { code, out, said } = await produce(
      ['-'],
      `${line('a')}${line('b')}nonsense\n${line('c')}`,
    );

    expect(code).toBe(1);
    expect(said).toMatch(/^line 3: .*JSON/m);
    expect(said).toMatch(/^ended at line 3: what is before it was sent/m);
    expect(lastJson(out)).toMatchObject({ read: 3, put: 2 });
    expect(await idsOnStream()).toEqual(['a', 'b']);
  });

  it('goes on past bad lines where it is told to, and repeats each line', async () => {
    const input = `${line('a')}nonsense\n${line('b')}`;

    const { code, out, said } = await produce(['-', '--skip-invalid', '--loop', '2'], input);

    expect(code).toBe(0);
    expect(said).toMatch(/^line 2: /m);
    expect(lastJson(out)).toMatchObject({ read: 6, put: 4 });
    expect(await idsOnStream()).toEqual(['a', 'a.2', 'b', 'b.2']);
  });

  it('sends a line as it comes, and ends at Ctrl-C although the input stays open', async () => {
    // Act
    const running = startCommand(...command(['-'], { open: line('a') }));
    const arrived = (ids: string[]) =>
      waitFor(async () => (await idsOnStream()).join() === ids.join(), {
        what: `${ids} on the stream`,
        timeoutMs: 60_000,
      });
    await arrived(['a']);
    running.write(line('b'));
    await arrived(['a', 'b']);
    running.interrupt();
    const { code, out, said } = await running.ended;

    // Assess
    expect(code).toBe(130);
    expect(said).toMatch(/^interrupted after 2 records$/m);
    expect(lastJson(out)).toMatchObject({ read: 2, put: 2 });
  });

  it('checks every line with --dry-run and needs no stream', async () => {
    const bad = Array.from({ length: 12 }, () => '{}\n').join('');

    const { code, out, said } = await runCommand(
      'producers/commands/produce.ts',
      ['-', '--dry-run', '--json'],
      { cwd: folder.path, input: `${line('a')}${bad}` },
    );

    expect(code).toBe(1);
    expect(said).toMatch(/^line 11: .*\nand 2 more bad lines\n1 records are valid; --dry-run/m);
    expect(lastJson(out)).toMatchObject({ read: 13, put: 0 });
  });
});

describe.skipIf(process.platform !== 'linux')('produce from a named pipe', () => {
  it('waits for its writer, sends each line as it comes, and ends at Ctrl-C although nobody closed it', async () => {
    // Prepare
    const pipe = join(folder.path, 'pipe');
    await promisify(execFile)('mkfifo', [pipe]);

    // Act
    const running = startCommand(...command([pipe]));
    const writer = await open(pipe, 'w');
    await writer.write(line('a'));
    await waitFor(async () => (await idsOnStream()).length === 1, { what: 'a record' });
    running.interrupt();
    const { code, out } = await running.ended;
    await writer.close();

    // Assess
    expect(code).toBe(130);
    expect(lastJson(out)).toMatchObject({ read: 1, put: 1 });
  });

  it('ends at Ctrl-C although nobody writes to it', async () => {
    const pipe = join(folder.path, 'silent');
    await promisify(execFile)('mkfifo', [pipe]);

    const running = startCommand('producers/commands/produce.ts', [pipe, '--dry-run']);
    // Once it has the pipe, it can be opened for writing without waiting.
    const writer = await open(pipe, 'w');
    running.interrupt();
    const { code } = await running.ended;
    await writer.close();

    expect(code).toBe(130);
  });
});

describe('produce', () => {
  it('sends all of it, and reports, when nobody reads standard error', async () => {
    const records = Array.from({ length: 300 }, (_, n) => line(`r${n}`)).join('');
    const file = await put('whole.jsonl', `${records}nonsense\n`);
    const [script, args, input] = command([file, '--rate', '400', '--skip-invalid']);

    const { code, out } = await runCommand(script, args, { ...input, closed: 'said' });

    expect(code).toBe(0);
    expect(lastJson(out)).toMatchObject({ read: 301, put: 300, stranded: 0 });
    expect(await idsOnStream()).toHaveLength(300);
  });

  it('ends at SIGTERM as at Ctrl-C', async () => {
    const running = startCommand(...command(['-'], { open: line('a') }));
    await waitFor(async () => (await idsOnStream()).length === 1, { what: 'a record' });
    running.signal('SIGTERM');
    const { code, out } = await running.ended;

    expect(code).toBe(143);
    expect(lastJson(out)).toMatchObject({ read: 1, put: 1 });
  });

  it('names the first of many stranded records, and keeps all of them in a file', async () => {
    const file = await put(
      'some.jsonl',
      Array.from({ length: 30 }, (_, n) => line(`r${n}`)).join(''),
    );
    const gone = { AWS_ENDPOINT_URL_KINESIS: streams.environment.AWS_ENDPOINT_URL_KINESIS };

    const { code, out, said } = await runCommand(
      'producers/commands/produce.ts',
      [file, '--stream', 'no-such-stream', '--stranded', 'rest.jsonl', '--json'],
      { cwd: folder.path, env: gone },
    );

    expect(code).toBe(1);
    expect(said.match(/^stranded: /gm)).toHaveLength(10);
    expect(said).toMatch(/^and 20 more stranded records\nthe stream takes nothing: Resource/m);
    expect(lastJson(out)).toMatchObject({ read: 30, put: 0, stranded: 30 });
    const kept = await readFile(join(folder.path, 'rest.jsonl'), 'utf8');
    expect(kept).toBe(Array.from({ length: 30 }, (_, n) => line(`r${n}`)).join(''));
  });

  it('refuses an endpoint that is no address, and says which variable holds it', async () => {
    const { code, said } = await runCommand('producers/commands/produce.ts', ['-'], {
      cwd: folder.path,
      env: { AWS_ENDPOINT_URL_KINESIS: '127.0.0.1:4567' },
    });

    expect(code).toBe(1);
    expect(said).toBe(
      'produce: AWS_ENDPOINT_URL_KINESIS is no http or https address: 127.0.0.1:4567\n',
    );
  });

  it('does not send to this machine what is meant for AWS', async () => {
    const { code, out, said } = await produce(['-', '--target', 'aws'], line('a'));

    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(said).toMatch(/^produce: --target aws, but AWS_ENDPOINT_URL_KINESIS is http:.*\n$/);
    expect(await idsOnStream()).toEqual([]);
  });

  it.each([
    [['--rat', '3'], 2, /^produce: unknown option '--rat'.*\n$/],
    [['--rate', '0'], 2, /^produce: .*whole number of at least 1.*\n$/],
    [['--rate', 'NaN'], 2, /^produce: .*whole number of at least 1.*\n$/],
    [['--rate', '1e309'], 2, /^produce: .*whole number of at least 1.*\n$/],
    [['--loop', '-1'], 2, /^produce: .*whole number of at least 1.*\n$/],
    [['--loop', ''], 2, /^produce: .*whole number of at least 1.*\n$/],
    [['--target', 'mars'], 2, /^produce: .*Allowed choices are local, aws.*\n$/],
    [['--stranded', 'no/such/folder'], 1, /^produce: cannot write no\/such\/folder: ENOENT.*\n$/],
    [['--source', 'a b'], 2, /^produce: .*must be 1 to 64 of A-Z.*\n$/],
    [['none.jsonl'], 1, /^produce: cannot read none\.jsonl: ENOENT.*\n$/],
    [['.'], 1, /^produce: cannot read \.: EISDIR.*\n$/],
    [['*.none'], 1, /^produce: cannot read \*\.none: no file matches\n$/],
    [['-', '--resume'], 1, /^produce: --resume needs what can be read again, and standard input/],
    [['--resume', '--dry-run'], 2, /^produce: .*cannot be used with option '--resume'.*\n$/],
    [['s3://'], 1, /^produce: s3:\/\/ names no bucket: .*\n$/],
  ])('says in one line what is wrong with %j', async (args, wanted, sentence) => {
    const { code, said } = await produce(args);

    expect({ code, said }).toEqual({ code: wanted, said: expect.stringMatching(sentence) });
  });
});
