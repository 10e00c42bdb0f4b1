// A service that knows nothing of Tutti: an unmodified ioredis that publishes, subscribes, reads and writes,
// and accepts an event only by exact shape, as the TypeScript services do.
//
//   node peer.mjs <redis url> [<channel>...]
// standard input:  publish <channel> <payload> | call <JSON array: method of ioredis, arguments>
// standard output: ready | published <receivers> | accepted <channel> <payload>
//                  | rejected <channel> <payload> | reply <JSON>
import { createInterface } from 'node:readline';
import Redis from 'ioredis';

const [url, ...channels] = process.argv.slice(2);
const publisher = new Redis(url);
const subscriber = publisher.duplicate();

// type -> the one further member, a string; null: none.
const shapes = {
  'cache:invalidation': { personality: 'personalityId', all: null },
  'cache:channel-activation-invalidation': { channel: 'channelId', all: null },
  'cache:api-key-invalidation': { user: 'discordId', all: null },
  'cache:llm-config-invalidation': { user: 'discordId', config: 'configId', all: null },
  'cache:persona-invalidation': { user: 'discordId', all: null },
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
if (channels.length > 0) await subscriber.subscribe(...channels);
console.log('ready');

for await (const line of createInterface({ input: process.stdin })) {
  const [, word, rest] = /^(publish|call) (.*)$/.exec(line) ?? [];
  if (word === 'publish') {
    const [, channel, payload] = /^(\S+) (.*)$/.exec(rest) ?? [];
    console.log(`published ${await publisher.publish(channel, payload)}`);
  }
  if (word === 'call') {
    const [method, ...words] = JSON.parse(rest);
    console.log(`reply ${JSON.stringify(await publisher[method](...words))}`);
  }
}
publisher.disconnect();
subscriber.disconnect();
