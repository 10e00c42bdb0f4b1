// The plain ioredis pattern: a local lru-cache for each instance, one PUBLISH, one subscriber connection
// for each instance that parses, validates and deletes. Prints, for every request on standard input
// ("<instances> <rounds>"), the microseconds of each round from the call to the last instance's delete.
//
// All instances live in this one process, which spares them the switches between processes.
import { createInterface } from 'node:readline';
import Redis from 'ioredis';
import { LRUCache } from 'lru-cache';

const url = process.argv[2];
const channel = 'cache:fanout-benchmark';
const publisher = new Redis(url);

async function open(count) {
  const instances = [];
  let purged = () => {};
  for (let n = 0; n < count; n++) {
    const cache = new LRUCache({ max: 1000, ttl: 30_000 });
    const subscriber = publisher.duplicate();
    subscriber.on('message', (from, payload) => {
      if (from !== channel) return;
      const event = JSON.parse(payload);
      if (event.type !== 'channel' || typeof event.channelId !== 'string') return;
      if (Object.keys(event).length !== 2) return;
      cache.delete(event.channelId);
      purged();
    });
    await subscriber.subscribe(channel);
    instances.push({ cache, subscriber });
  }
  return {
    round(key) {
      return new Promise((resolve) => {
        for (const { cache } of instances) cache.set(key, { isActivated: true });
        let left = count;
        const begun = process.hrtime.bigint();
        purged = () => {
          if (--left === 0) resolve(Number(process.hrtime.bigint() - begun) / 1000);
        };
        publisher.publish(channel, JSON.stringify({ type: 'channel', channelId: key }));
      });
    },
    close: () => Promise.all(instances.map(({ subscriber }) => subscriber.quit())),
  };
}

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [count, rounds] = line.split(' ').map(Number);
  const fleet = await open(count);
  const took = [];
  for (let n = 0; n < rounds; n++) took.push((await fleet.round(`key-${n}`)).toFixed(1));
  await fleet.close();
  console.log(took.join(' '));
}
publisher.disconnect();
