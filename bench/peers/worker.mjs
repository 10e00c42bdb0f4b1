// What every contender's process has in common: a line protocol with the driver (compare.mjs), which owns
// the source of truth. A contender is two functions, get(key) and invalidate(key), on top of its cache.
//
// from the driver: get ID KEY | invalidate ID KEY | burst ID KEY COUNT | value ID VALUE
// to the driver:   ready | got ID VALUE | failed ID WHY | invalidated ID | load ID KEY
//                  bursted ID FAILED VALUE...     (the distinct values that the COUNT readers got)
//
// Redis may be away in some measurements: what a library reports as an event goes to nobody.
import { createInterface } from 'node:readline';

const loads = new Map();
let loadCount = 0;

const say = (...words) => process.stdout.write(`${words.join(' ')}\n`);
const oneWord = (error) => String(error?.message ?? error).replace(/\s+/g, '_').slice(0, 120) || 'error';

// The loader of every contender: the driver counts the call, reads the source and takes its time.
export function load(key) {
  const id = ++loadCount;
  return new Promise((resolve) => {
    loads.set(id, resolve);
    say('load', id, key);
  });
}

async function burst(get, id, key, count) {
  const reads = await Promise.allSettled(Array.from({ length: count }, () => get(key)));
  const values = reads.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
  say('bursted', id, count - values.length, ...new Set(values));
}

const report = (id, work, done) => work.then(done, (error) => say('failed', id, oneWord(error)));

export async function serve({ get, invalidate }) {
  const commands = {
    get: (id, key) => report(id, get(key), (value) => say('got', id, value)),
    invalidate: (id, key) => report(id, invalidate(key), () => say('invalidated', id)),
    burst: (id, key, count) => burst(get, id, key, Number(count)),
    value: (id, value) => {
      loads.get(Number(id))(value);
      loads.delete(Number(id));
    },
  };
  say('ready');
  for await (const line of createInterface({ input: process.stdin })) {
    const [verb, ...words] = line.split(' ');
    commands[verb](...words);
  }
  process.exit(0);
}
