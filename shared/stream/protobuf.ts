/** A field of a protobuf message: a number, or bytes where it is length-delimited. */
export interface ProtobufField {
  readonly number: number;
  readonly value?: number;
  readonly bytes?: Uint8Array;
}

/**
 * Reads the fields of one protobuf message in order; bytes are views. Fixed-width fields are skipped.
 *
 * @throws {RangeError} where a length passes the end, a varint is too long or a wire type is unknown.
 */
export function* createProtobufReader(message: Uint8Array): Generator<ProtobufField> {
  let at = 0;
  const skip = (count: number): number => {
    if (count > message.length - at) throw new RangeError('a length passes the end');
    at += count;
    return at;
  };
  const varint = (): number => {
    let value = 0;
    for (let shift = 0; shift < 10; shift++) {
      const byte = message[at];
      if (byte === undefined) throw new RangeError('a number passes the end');
      at++;
      value += (byte & 0x7f) * 2 ** (7 * shift);
      if (byte < 0x80) return value;
    }
    throw new RangeError('a number is too long');
  };
  while (at < message.length) {
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new RangeError('a field has the number 0');
    switch (tag % 8) {
      case 0:
        yield { number, value: varint() };
        break;
      case 1:
        skip(8);
        break;
      case 2: {
        const length = varint();
        const start = at;
        yield { number, bytes: message.subarray(start, skip(length)) };
        break;
      }
      case 5:
        skip(4);
        break;
      default:
        throw new RangeError(`wire type ${tag % 8} is not used`);
    }
  }
}
