// As much of MessagePack as the room's frames use.
const text = new TextEncoder();

function* pieces(value) {
  if (value === null || value === undefined) yield [0xc0];
  else if (typeof value === "boolean") yield [value ? 0xc3 : 0xc2];
  else if (typeof value === "number") {
    const view = new DataView(new ArrayBuffer(9));
    view.setUint8(0, 0xcb);
    view.setFloat64(1, value);
    yield Number.isInteger(value) && value >= 0 && value < 128 ? [value] : new Uint8Array(view.buffer);
  } else if (typeof value === "string") {
    const bytes = text.encode(value);
    yield [0xda, bytes.length >> 8, bytes.length & 255];
    yield bytes;
  } else {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    yield [0xde, entries.length >> 8, entries.length & 255];
    for (const [name, inner] of entries) {
      yield* pieces(name);
      yield* pieces(inner);
    }
  }
}

const encode = (value) => Uint8Array.from([...pieces(value)].flatMap((piece) => [...piece]));

function decode(buffer) {
  const view = new DataView(buffer);
  let at = 0;
  const read = (method, size) => {
    const value = view[method](at);
    at += size;
    return Number(value);
  };
  const string = (length) => new TextDecoder().decode(new Uint8Array(buffer, (at += length) - length, length));
  const list = (length) => Array.from({ length }, () => value());
  const map = (length) => Object.fromEntries(Array.from({ length }, () => [value(), value()]));
  const kinds = {
    0xc0: () => null,
    0xc2: () => false,
    0xc3: () => true,
    0xca: () => read("getFloat32", 4),
    0xcb: () => read("getFloat64", 8),
    0xcc: () => read("getUint8", 1),
    0xcd: () => read("getUint16", 2),
    0xce: () => read("getUint32", 4),
    0xcf: () => read("getBigUint64", 8),
    0xd0: () => read("getInt8", 1),
    0xd1: () => read("getInt16", 2),
    0xd2: () => read("getInt32", 4),
    0xd3: () => read("getBigInt64", 8),
    0xd9: () => string(read("getUint8", 1)),
    0xda: () => string(read("getUint16", 2)),
    0xdc: () => list(read("getUint16", 2)),
    0xde: () => map(read("getUint16", 2)),
  };
  function value() {
    const kind = read("getUint8", 1);
    if (kind < 0x80) return kind;
    if (kind < 0x90) return map(kind & 15);
    if (kind < 0xa0) return list(kind & 15);
    if (kind < 0xc0) return string(kind & 31);
    return kind >= 0xe0 ? kind - 256 : kinds[kind]();
  }
  return value();
}

export const codec = { subprotocol: "livestreamx.v1.msgpack", encode, decode };
