// cacheable as its README shows it: memory, Redis through @keyv/redis, and CacheableSync over Redis.
// `getOrSet` has its protection against stampedes on by default.
//
//   node cacheable.mjs URL TTL_MS blocking|nonblocking
//
// nonblocking: the README's "Non-Blocking with @keyv/redis", which it shows against hangs while Redis is away.
import KeyvRedis, { createKeyvNonBlocking } from '@keyv/redis';
import { RedisMessageProvider } from '@qified/redis';
import { Cacheable } from 'cacheable';
import { load, serve } from './worker.mjs';

const [url, ttl, mode] = process.argv.slice(2);
const nonBlocking = mode === 'nonblocking';
const provider = new RedisMessageProvider({ uri: url });
// Without a listener the process ends as soon as Redis does; the provider has no option for one.
for (const client of [provider.pub, provider.sub]) client.on('error', () => {});
const cache = new Cacheable({
  secondary: nonBlocking ? createKeyvNonBlocking(url) : new KeyvRedis(url),
  nonBlocking,
  ttl: Number(ttl),
  sync: { qified: provider },
});
cache.on('error', () => {});
// Its subscriptions are made in the background and nothing says when: `ready` would be too early.
await new Promise((resolve) => setTimeout(resolve, 500));

await serve({
  get: (key) => cache.getOrSet(key, () => load(key)),
  invalidate: (key) => cache.delete(key),
});
