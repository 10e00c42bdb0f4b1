// A service that knows nothing of Tutti: publishes and subscribes with an unmodified ioredis, and accepts
// an event only by exact shape, as the TypeScript services do.
//
//   node peer.mjs <redis url> <channel>...
// standard input:  publish <channel> <payload> | write <key> <seconds> <text> | read <key>
// standard output: ready | published <receivers> | accepted <channel> <payload> | rejected <channel> <payload> |
//                  written | holds <seconds> <text>
import { createInterface } from 'node:readline';
import Redis from 'ioredis';

const [url, ...channels] = process.argv.slice(2);
const publisher = new Redis(url);
const subscriber = publisher.duplicate();

// type -> the one further member, a string; null: none.
const shapes = {
  'cache:channel-activation-invalidation': { channel: 'channelId', all: null },
  'cache:invalidation': { personality: 'personalityId', all: null },
};

function isEvent(channel, payload) {
  let event;
  try {
    event = JSON.parse(payload);
  } catch {
    return false;
  }
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return false;
  const member = shapes[channel]?.[event.type];
  if (member === undefined) return false;
  if (member === null) return Object.keys(event).length === 1;
  return Object.keys(event).length === 2 && typeof event[member] === 'string';
}

subscriber.on('message', (channel, payload) => {
  console.log(`${isEvent(channel, payload) ? 'accepted' : 'rejected'} ${channel} ${payload}`);
});
await subscriber.subscribe(...channels);
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [, channel, payload] = /^publish (\S+) (.*)$/.exec(line) ?? [];
  if (channel) console.log(`published ${await publisher.publish(channel, payload)}`);
  const [, key, seconds, text] = /^write (\S+) (\d+) (.*)$/.exec(line) ?? [];
  if (key) {
    await publisher.setex(key, Number(seconds), text);
    console.log('written');
  }
  const [, wanted] = /^read (\S+)$/.exec(line) ?? [];
  if (wanted) console.log(`holds ${await publisher.ttl(wanted)} ${await publisher.get(wanted)}`);
}
publisher.disconnect();
subscriber.disconnect();
