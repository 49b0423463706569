#!/usr/bin/env node
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readTrust, Refusal, verify, type Trust } from './index.ts';

const USAGE = 'usage: carya-verify --trust trust.json FILE… | --trust trust.json --batch';
const EXIT_FAILED = 1; // a file or the trust cannot be read
const EXIT_USAGE = 2;
const EXIT_UNPROVEN = 4;

/** Verifies a file; undefined if it proves its claims. */
function refusal(file: Uint8Array, trust: Trust): Refusal | undefined {
  try {
    verify(file, trust);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** Prints one line for each file. */
function verifyFiles(files: string[], trust: Trust): void {
  for (const name of files) {
    const refused = refusal(readFileSync(name), trust);
    process.stdout.write(refused ? `${name} ${refused.reason} ${refused.claim} ${refused.detail}\n` : `${name} proven\n`);
    if (refused) process.exitCode = EXIT_UNPROVEN;
  }
}

/** Answers frames from standard input, each a file after its length in 4 bytes, big-endian: OK, or the reason and the claim. */
async function verifyBatch(trust: Trust): Promise<void> {
  let waiting: Buffer[] = [];
  let size = 0;
  let frame = 4; // bytes of the frame's head, then of the whole frame
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    waiting.push(chunk);
    size += chunk.length;
    while (size >= frame) {
      const data = Buffer.concat(waiting);
      waiting = [data];
      const end = 4 + data.readUInt32BE(0);
      if (size < end) {
        frame = end;
        break;
      }
      const refused = refusal(data.subarray(4, end), trust);
      process.stdout.write(refused ? `${refused.reason} ${refused.claim}\n` : 'OK\n');
      waiting = [data.subarray(end)];
      size -= end;
      frame = 4;
    }
  }
  if (size > 0) throw new Error('the last frame is not whole');
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { trust: { type: 'string' }, batch: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.trust === undefined || values.batch === positionals.length > 0) {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = EXIT_USAGE;
    return;
  }
  const trust = readTrust(readFileSync(values.trust, 'utf8'));
  if (values.batch) await verifyBatch(trust);
  else verifyFiles(positionals, trust);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`carya-verify: ${String(error)}\n`);
  process.exitCode = EXIT_FAILED;
}
