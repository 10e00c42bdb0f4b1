// Whether a model takes pictures, as the TypeScript worker knows it: a Map of what was found, 5 minutes each,
// behind it the list of models in Redis. For every line "<lookups>" on standard input prints lookups a second, p50
// and p99 in nanoseconds, of lookups that all find their answer in the Map.
import { createInterface } from 'node:readline';
import Redis from 'ioredis';

const redis = new Redis(process.argv[2]);
const kept = new Map();
const ttl = 5 * 60 * 1000;

async function supportsVision(model) {
  const id = model.replace(/:free$/, '');
  const cached = kept.get(id);
  if (cached && Date.now() - cached.timestamp < ttl) return cached.supportsVision;
  const list = JSON.parse((await redis.get('openrouter:models')) ?? '[]');
  const found = list.find((one) => one.id === id || one.id === model);
  const supportsVision = found ? found.architecture.input_modalities.includes('image') : false;
  kept.set(id, { supportsVision, timestamp: Date.now() });
  return supportsVision;
}

function percentile(values, fraction) {
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) * fraction)];
}

const ids = Array.from({ length: 300 }, (_, n) => `provider/model-${n}${n % 3 === 0 ? ':free' : ''}`);
for (let n = 0; n < 20_000; n++) await supportsVision(ids[n % 300]);
console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const count = Number(line);
  const took = new Array(count);
  const begun = process.hrtime.bigint();
  for (let n = 0; n < count; n++) {
    const from = process.hrtime.bigint();
    await supportsVision(ids[n % 300]);
    took[n] = Number(process.hrtime.bigint() - from);
  }
  const seconds = Number(process.hrtime.bigint() - begun) / 1e9;
  console.log([count / seconds, percentile(took, 0.5), percentile(took, 0.99)].map((value) => value.toFixed(1)).join(' '));
}
redis.disconnect();
