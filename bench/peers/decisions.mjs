// The lookup path of the TypeScript bot: an lru-cache of 1000 channels and 30 s that an ioredis subscriber
// purges, asked once for each message, and one of 500 users and 60 s whose list is filtered at each
// keystroke; and of the gateway, an array of models that is kept for 5 minutes. For every line
// "<messages> <keystrokes> <lookups>" on standard input prints "<decisions a second> <p50> <p99>
// <keystroke p50> <keystroke p99> <lookup p50> <lookup p99>", in microseconds.
import { createInterface } from 'node:readline';
import Redis from 'ioredis';
import { LRUCache } from 'lru-cache';

const subscriber = new Redis(process.argv[2]);
const channels = new LRUCache({ max: 1000, ttl: 30_000 });
const users = new LRUCache({ max: 500, ttl: 60_000 });
subscriber.on('message', (_, payload) => {
  const event = JSON.parse(payload);
  if (event.type === 'all') channels.clear();
  else channels.delete(event.channelId);
});
await subscriber.subscribe('cache:channel-activation-invalidation');

async function activation(id) {
  const cached = channels.get(id);
  if (cached) return cached;
  const loaded = { isActivated: false };
  channels.set(id, loaded);
  return loaded;
}

async function decide(message) {
  if (message.authorIsBot) return 'bot-author';
  if (message.content === '' && message.attachments.length === 0) return 'empty-message';
  const found = await activation(message.channelId);
  if (!found.isActivated || !found.activation) return '';
  return 'activated-channel';
}

function listOf() {
  return Array.from({ length: 100 }, (_, n) => ({
    id: `id-${n}`, name: `Personality ${n}`, displayName: null, slug: `personality-${n}`, isOwned: false, isPublic: true,
  }));
}

async function choose(user, text) {
  let list = users.get(user);
  if (!list) users.set(user, (list = listOf()));
  const query = text.toLowerCase();
  return list
    .filter((p) => p.name.toLowerCase().includes(query) || p.slug.toLowerCase().includes(query) ||
      (p.displayName?.toLowerCase().includes(query) ?? false))
    .slice(0, 25)
    .map((p) => ({ name: `\u{1F4D6} ${p.displayName ?? p.name} (${p.slug})`, value: p.slug }));
}

let catalogue = null;

async function models() {
  if (catalogue && Date.now() - catalogue.loadedAt < 300_000) return catalogue.models;
  const loaded = Array.from({ length: 300 }, (_, n) => ({ id: `provider/model-${n}`, name: `Model ${n}` }));
  catalogue = { models: loaded, loadedAt: Date.now() };
  return loaded;
}

async function lookUp(n) {
  const id = `provider/model-${n % 300}`;
  const model = (await models()).find((one) => one.id === id);
  if (!model) throw new Error('no such model');
  return model;
}

function percentile(values, fraction) {
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) * fraction)];
}

async function measure(count, call) {
  const took = new Array(count);
  const begun = process.hrtime.bigint();
  for (let n = 0; n < count; n++) {
    const from = process.hrtime.bigint();
    await call(n);
    took[n] = Number(process.hrtime.bigint() - from) / 1000;
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  return [count / seconds, percentile(took, 0.5), percentile(took, 0.99)];
}

const message = (n) => ({ authorIsBot: false, content: 'hello', attachments: [], channelId: String(n % 1000) });
const keystroke = (n) => choose(String(n % 500), `y ${n % 10}`);
for (let n = 0; n < 20_000; n++) await decide(message(n));
for (let n = 0; n < 2_000; n++) await keystroke(n);
for (let n = 0; n < 2_000; n++) await lookUp(n);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [messages, keystrokes, lookups] = line.split(' ').map(Number);
  const decisions = await measure(messages, (n) => decide(message(n)));
  const typed = await measure(keystrokes, keystroke);
  const found = await measure(lookups, lookUp);
  console.log([...decisions, ...typed.slice(1), ...found.slice(1)].map((value) => value.toFixed(3)).join(' '));
}
subscriber.disconnect();
