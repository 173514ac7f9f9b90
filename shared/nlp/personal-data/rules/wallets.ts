import { createHash } from 'node:crypto';
import { formRule } from '../scan.ts';

const base58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
/** First bytes of addresses: Bitcoin, Litecoin, Dogecoin, Tron. */
const versions = new Set([0x00, 0x05, 0x30, 0x32, 0x1e, 0x16, 0x41]);

/** Base58Check: 25 bytes, the last four of which are the hash of the others. */
function isBase58Check(value: string): boolean {
  let number = 0n;
  for (const unit of value) {
    const digit = base58.indexOf(unit);
    if (digit < 0) return false;
    number = number * 58n + BigInt(digit);
  }
  const hex = number.toString(16).padStart(50, '0');
  if (hex.length !== 50) return false;
  const bytes = Buffer.from(hex, 'hex');
  const twice = sha256(sha256(bytes.subarray(0, 21)));
  return versions.has(bytes[0] ?? -1) && twice.subarray(0, 4).equals(bytes.subarray(21));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

const bech32 = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const generators = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];

/** Bech32 and Bech32m (BIP 173, BIP 350): a checksum over prefix and data. */
function isBech32(value: string): boolean {
  const lower = value.toLowerCase();
  if (value !== lower && value !== value.toUpperCase()) return false;
  const at = lower.lastIndexOf('1');
  const prefix = [...lower.slice(0, at)].map((unit) => unit.charCodeAt(0));
  const data = [...lower.slice(at + 1)].map((unit) => bech32.indexOf(unit));
  if (data.includes(-1)) return false;
  let check = 1;
  for (const step of [
    ...prefix.map((code) => code >> 5),
    0,
    ...prefix.map((code) => code & 31),
    ...data,
  ]) {
    const top = check >>> 25;
    check = ((check & 0x1ffffff) << 5) ^ step;
    generators.forEach((generator, bit) => {
      if ((top >> bit) & 1) check ^= generator;
    });
  }
  return check === 1 || check === 0x2bc830a3;
}

/** Addresses of wallets; Ethereum's have no check where they are in one case, and are told by their form. */
export const wallets = formRule([
  {
    kind: 'CRYPTO_WALLET',
    rule: 'base58check',
    pattern: /(?<![\p{L}\p{N}_])[13LMDAT][1-9A-HJ-NP-Za-km-z]{24,34}(?![\p{L}\p{N}_])/gu,
    check: isBase58Check,
    score: 0.99,
  },
  {
    kind: 'CRYPTO_WALLET',
    rule: 'bech32',
    pattern: /(?<![\p{L}\p{N}_])(?:bc1|ltc1)[02-9ac-hj-np-z]{11,71}(?![\p{L}\p{N}_])/giu,
    check: isBech32,
    score: 0.99,
  },
  {
    kind: 'CRYPTO_WALLET',
    rule: 'ethereum',
    pattern: /(?<![\p{L}\p{N}_])0x[0-9a-f]{40}(?![\p{L}\p{N}_])/giu,
    score: 0.95,
  },
]);
