// The plain ioredis pattern: an lru-cache in front, GET, on a miss load and SET PX; DEL and PUBLISH to
// invalidate, and one subscriber that deletes from the lru-cache. Readers of a key in one process share a load.
// While Redis is away, reads go to the source: commands fail at once instead of queueing.
//
//   node plain.mjs URL TTL_MS
import Redis from 'ioredis';
import { LRUCache } from 'lru-cache';
import { load, serve } from './worker.mjs';

const [url, ttl] = process.argv.slice(2);
const channel = 'cache:invalidation';
const redis = new Redis(url, { enableOfflineQueue: false, maxRetriesPerRequest: 0, commandTimeout: 1000 });
const subscriber = new Redis(url);
for (const connection of [redis, subscriber]) connection.on('error', () => {});

const memory = new LRUCache({ max: 1000, ttl: Number(ttl) });
subscriber.on('message', (from, key) => memory.delete(key));
await subscriber.subscribe(channel);
if (redis.status !== 'ready') await new Promise((resolve) => redis.once('ready', resolve));

async function fetch(key) {
  let value = await redis.get(key).catch(() => null);
  if (value === null) {
    value = await load(key);
    await redis.set(key, value, 'PX', ttl).catch(() => {});
  }
  memory.set(key, value);
  return value;
}

const flights = new Map();
await serve({
  async get(key) {
    const found = memory.get(key);
    if (found !== undefined) return found;
    if (!flights.has(key)) flights.set(key, fetch(key).finally(() => flights.delete(key)));
    return flights.get(key);
  },
  async invalidate(key) {
    memory.delete(key);
    await redis.del(key);
    await redis.publish(channel, key);
  },
});
