// BentoCache as its pages "Multi Tier", "Grace periods" and "Timeouts" show it: memory, Redis, and the Redis
// bus with its retry queue. Its lock against stampedes is on by default.
//
//   node bentocache.mjs URL TTL_MS delete|tags
//
// delete: a key is invalidated with `delete`, as "Invalidating the cache" shows. tags: with `deleteByTag`, each
// entry having its key as its tag.
import { BentoCache, bentostore } from 'bentocache';
import { memoryDriver } from 'bentocache/drivers/memory';
import { redisBusDriver, redisDriver } from 'bentocache/drivers/redis';
import Redis from 'ioredis';
import { load, serve } from './worker.mjs';

const [url, ttl, means] = process.argv.slice(2);
const { hostname: host, port } = new URL(url);
const connection = { host, port: Number(port) };
// Fail at once while Redis is away, as the plain pattern does here: the defaults of ioredis queue for minutes.
const redis = new Redis({
  ...connection,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  commandTimeout: 1000,
});
redis.on('error', () => {});
await new Promise((resolve) => redis.once('ready', resolve));

const bento = new BentoCache({
  default: 'cache',
  ttl: Number(ttl),
  grace: '6h',
  timeout: '200ms',
  hardTimeout: '1s',
  stores: {
    cache: bentostore()
      .useL1Layer(memoryDriver({ maxSize: '10mb' }))
      .useL2Layer(redisDriver({ connection: redis }))
      .useBus(
        redisBusDriver({
          connection: { ...connection, maxRetriesPerRequest: 0 },
          retryQueue: { enabled: true },
        }),
      ),
  },
});

const tagged = means === 'tags';
await serve({
  get: (key) => bento.getOrSet({ key, factory: () => load(key), ...(tagged && { tags: [key] }) }),
  invalidate: (key) => (tagged ? bento.deleteByTag({ tags: [key] }) : bento.delete({ key })),
});
