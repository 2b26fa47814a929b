// The JavaScript client as a process: told what to do by lines on stdin, it tells what it hears by lines on stdout.
// node --experimental-websocket visitor.mjs CLIENT '{"stream", "base", "view", "tokens", "packed", "lose"}'
import { createInterface } from "node:readline";
import { codec as packed } from "./msgpack.mjs";

const [path, given] = process.argv.slice(2);
const { Room } = await import(path);
const { tokens, lose = [], packed: isPacked, ...options } = JSON.parse(given);

const tell = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const json = { subprotocol: "livestreamx.v1.json", encode: JSON.stringify, decode: JSON.parse };
const codec = { ...(isPacked ? packed : json) };
const { decode } = codec;

// A frame whose text is to be lost never comes, as often as it is listed.
codec.decode = (message) => {
  const frame = decode(message);
  const at = lose.indexOf(frame.data?.text);
  if (frame.event !== "chat:message" || at < 0) return frame;
  lose.splice(at, 1);
  return { event: "lost", data: {} };
};

async function token() {
  tell({ name: "token" });
  return tokens.length > 1 ? tokens.shift() : (tokens[0] ?? null);
}

const room = new Room({ ...options, codec, token });
for (const name of ["state", "close", "gap", "signed-in", "room:refresh"]) room.on(name, (data) => tell({ name, data }));
room.on("refused", ({ code, message }) => tell({ name: "refused", data: { code, message } }));
room.on("frame", (frame) => tell({ name: "frame", data: frame }));

const acts = {
  start: () => void room.start(),
  stop: () => room.stop(),
  forget: () => void (room.epoch = "another"),
  ready: () => room.ready(60_000),
  ask: async ({ event, data }) => {
    await room.ready(60_000);
    return room.request(event, data, { timeoutMs: 60_000 });
  },
  gift: ({ gift }) => room.sendGift(gift),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, act, ...more } = JSON.parse(line);
  Promise.resolve()
    .then(() => acts[act](more))
    .then(
      (data) => tell({ id, data: data ?? null }),
      ({ constructor, code, retryAfterMs }) => tell({ id, error: { kind: constructor.name, code, retryAfterMs } }),
    );
}
process.exit();
