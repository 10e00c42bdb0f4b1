// Two contenders whose figures are known beforehand, so that the driver can tell that it counts right.
//
//   node control.mjs URL TTL_MS naive|uncached
//
// naive: GET, on a miss load and SET, DEL to invalidate; nothing shared, nothing in memory. An invalidation
// during a load always leaves the old value, and 1000 readers make 1000 loads. uncached: asks the source each
// time and stores nothing; old values are never seen.
import Redis from 'ioredis';
import { load, serve } from './worker.mjs';

const [url, ttl, kind] = process.argv.slice(2);
if (kind === 'uncached') {
  await serve({ get: load, invalidate: async () => {} });
} else {
  const redis = new Redis(url);
  await redis.ping();
  await serve({
    async get(key) {
      const found = await redis.get(key);
      if (found !== null) return found;
      const value = await load(key);
      await redis.set(key, value, 'PX', ttl);
      return value;
    },
    invalidate: (key) => redis.del(key),
  });
}
