// The bot of the TypeScript deployment on an unmodified discord.js: an activated channel's message goes to the
// gateway, and what comes out of the stream of results is said through the channel's webhook. Its caches are those
// of the deployment (lru-cache, purged by an ioredis subscriber); everything that discord.js keeps it keeps.
//
//   node --expose-gc discord_bot.mjs <api url, without the version> <token> <gateway url> <secret> <redis url>
// SIGUSR2 collects garbage, then prints "heap <bytes in use>".
import { setTimeout } from 'node:timers/promises';
import { Client, Events, GatewayIntentBits } from 'discord.js';
import Redis from 'ioredis';
import { LRUCache } from 'lru-cache';

const [api, token, gateway, secret, redisUrl] = process.argv.slice(2);
const channels = new LRUCache({ max: 1000, ttl: 30_000 });
const personalities = new LRUCache({ max: 500, ttl: 300_000 });
const webhooks = new LRUCache({ max: 100, ttl: 600_000 });
const redis = new Redis(redisUrl);
const subscriber = redis.duplicate();
const results = redis.duplicate();
const client = new Client({
  intents: [GatewayIntentBits.Guilds, GatewayIntentBits.GuildMessages, GatewayIntentBits.MessageContent],
  // Its own limit counts webhooks too, which Discord's does not: it would stop this bot at 25 replies a second.
  rest: { api, globalRequestsPerSecond: 1_000_000 },
});
const typings = { second: 0, shown: 0 };

subscriber.on('message', (_, payload) => {
  const event = JSON.parse(payload);
  if (event.type === 'all') channels.clear();
  else channels.delete(event.channelId);
});

async function ask(method, path, body) {
  const response = await fetch(gateway + path, {
    method,
    headers: { 'X-Service-Auth': secret, 'Content-Type': 'application/json' },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

async function cached(cache, key, load) {
  const found = cache.get(key);
  if (found) return found;
  const loaded = await load();
  cache.set(key, loaded);
  return loaded;
}

async function take(message) {
  if (message.author.bot || (message.content === '' && message.attachments.size === 0)) return;
  const { activation } = await cached(channels, message.channelId, () =>
    ask('GET', `/user/channel/${message.channelId}`));
  if (!activation) return;
  const { personality } = await cached(personalities, activation.personalitySlug, () =>
    ask('GET', `/internal/personality/${activation.personalitySlug}`));
  await ask('POST', '/ai/generate', {
    personality,
    message: { content: message.content },
    context: { userId: message.author.id, channelId: message.channelId, messageId: message.id, isAutoResponse: true },
  });
  await showTyping(message.channel);
}

// What Discord's global limit leaves room for.
async function showTyping(channel) {
  const second = Math.floor(Date.now() / 1000);
  if (typings.second !== second) Object.assign(typings, { second, shown: 0 });
  if (++typings.shown <= 50) await channel.sendTyping();
}

async function webhookOf(channel) {
  const all = await channel.fetchWebhooks();
  return all.find((one) => one.token) ?? channel.createWebhook({ name: 'personalities' });
}

async function say({ jobId, channel: channelId, result }) {
  const { content, personality } = JSON.parse(result);
  const channel = client.channels.cache.get(channelId);
  const webhook = await cached(webhooks, channelId, () => webhookOf(channel));
  const said = await webhook.send({ content, username: personality.name, allowedMentions: { parse: [] } });
  await redis.setex(`webhook:${said.id}`, 604_800, personality.name);
  await ask('POST', `/ai/job/${jobId}/confirm-delivery`, {});
}

async function listen() {
  for (let last = '$'; ; ) {
    const read = await results.xread('COUNT', 10, 'BLOCK', 5000, 'STREAMS', 'job-results', last);
    for (const [id, words] of read?.[0][1] ?? []) {
      last = id;
      const fields = {};
      for (let i = 0; i < words.length; i += 2) fields[words[i]] = words[i + 1];
      say(fields).catch((error) => console.error(`not said: ${error}`));
    }
  }
}

await subscriber.subscribe('cache:channel-activation-invalidation');
client.on(Events.MessageCreate, (message) => {
  take(message).catch((error) => console.error(`not taken: ${error}`));
});
client.once(Events.ClientReady, listen);
process.on('SIGUSR2', async () => {
  for (let i = 0; i < 3; i++) {
    global.gc();
    await setTimeout(100);
  }
  console.log(`heap ${process.memoryUsage().heapUsed}`);
});
await client.login(token);
