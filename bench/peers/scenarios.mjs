// What is measured. Each takes a run ({fleet, source, redis, ttl, rounds}) and answers figures; each throws when
// something happened that the figures could not express.
import { setTimeout as sleep } from 'node:timers/promises';

const settle = 50; // milliseconds for messages and writes that nobody waits for
let count = 0;
const freshKey = (name) => `${name}x${++count}x`;

function expect(condition, what) {
  if (!condition) throw new Error(what);
}

export function percentile(values, fraction) {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) * fraction)];
}

// The ordinary case, which a contender that is configured right masters: all four processes have the value, one
// invalidates, nobody loads meanwhile. Answers how many then still read the old value.
export async function ordinaryInvalidation({ fleet, source, rounds }) {
  let old = 0;
  for (let n = 0; n < rounds; n++) {
    const key = freshKey('o');
    source.set(key, 'old', 5);
    for (const { get } of fleet.processes) expect((await get(key)) === 'old', `${key} is not cached`);
    source.set(key, 'fresh', 5);
    await fleet.processes[n % 4].invalidate(key);
    await sleep(settle);
    for (const { get } of fleet.processes) old += (await get(key)) === 'old';
  }
  return old;
}

// Process 1 loads for 50 ms; meanwhile the source changes and process 2 invalidates. `between` happens after the
// invalidation has returned, while that load still runs.
async function invalidateDuringLoad({ fleet, source }, key, between = async () => {}) {
  const [first, second] = fleet.processes;
  const values = { old: `old-${key}`, fresh: `fresh-${key}` };
  source.set(key, values.old, 50);
  const reading = source.nextLoad(key);
  let running = true;
  const loaded = first.get(key).finally(() => (running = false));
  await reading;
  source.set(key, values.fresh, 5);
  await second.invalidate(key);
  const invalidatedAt = performance.now();
  const during = await between();
  // A round in which this process was late proves nothing.
  const valid = running;
  await loaded;
  await sleep(settle);
  return { ...values, invalidatedAt, during, valid };
}

async function countOld(run, { reader, between }) {
  const figures = { rounds: 0, inRedis: 0, read: 0 };
  for (let attempt = 0; figures.rounds < run.rounds; attempt++) {
    expect(attempt < 2 * run.rounds + 10, 'this machine is too busy: most loads end before the invalidation');
    const key = freshKey('a');
    const { old, fresh, during, valid } = await invalidateDuringLoad(run, key, between?.(run, key));
    if (!valid) continue;
    expect(!between || during === fresh, `a read after the invalidation of ${key} got ${during}`);
    const inRedis = await run.redis.holds(key, old);
    const got = await run.fleet.processes[reader].get(key);
    expect(got === old || got === fresh, `a reader of ${key} got ${got}`);
    // What was read must be found where it is looked for: otherwise "not in Redis" would mean nothing.
    expect(
      run.storesNothing || (await run.redis.holdsWithin(key, got, 1000)),
      `${got} was read and is not found in Redis`,
    );
    figures.rounds++;
    figures.inRedis += inRedis;
    figures.read += got === old;
  }
  return figures;
}

// A1: nobody else reads in between. Process 3 reads when everything has settled.
export const oldAfterLoad = (run) => countOld(run, { reader: 2 });

// A2: process 3 reads at once after the invalidation and its load of the new value is quicker, so the old value is
// written last. Process 4 reads when everything has settled.
export const oldOverFresh = (run) =>
  countOld(run, {
    reader: 3,
    between: ({ fleet }, key) => () => fleet.processes[2].get(key),
  });

// For how long process 3, which reads all the time, gets the old value: milliseconds after the invalidation.
export async function oldFor(run) {
  const one = async () => {
    const key = freshKey('t');
    const { old, invalidatedAt } = await invalidateDuringLoad(run, key);
    const reader = run.fleet.processes[2];
    let last = 0;
    while (performance.now() < invalidatedAt + 2 * run.ttl + 1000) {
      const begun = performance.now();
      if ((await reader.get(key)) !== old) return last;
      last = begun - invalidatedAt;
      await sleep(20);
    }
    return Infinity;
  };
  return Math.max(...(await Promise.all(Array.from({ length: 5 }, one))));
}

// B: 250 readers in each of four processes ask for a key that nobody has.
export async function missEverywhere({ fleet, source }) {
  const loads = [];
  const took = [];
  for (let n = 0; n < 20; n++) {
    const key = freshKey('b');
    source.set(key, `value-${key}`, 100);
    const begun = performance.now();
    const answers = await Promise.all(fleet.processes.map((process) => process.burst(key, 250)));
    took.push(performance.now() - begun);
    loads.push(source.calls(key));
    for (const { failed, values } of answers) {
      expect(failed === 0, `${failed} of 250 readers of ${key} failed`);
      expect(values.join() === `value-${key}`, `readers of ${key} got ${values}`);
    }
  }
  return { loads, took };
}

// C: every 10 ms for six seconds process 1 reads one of 100 keys that it has read before and one that nobody has;
// Redis is killed after one second, and is back, empty, after two more.
export async function redisIsKilled({ fleet, source, redis }) {
  const [reader] = fleet.processes;
  const warm = Array.from({ length: 100 }, () => freshKey('w'));
  for (const key of warm) source.set(key, `value-${key}`, 5);
  await Promise.all(warm.map((key) => reader.get(key)));

  const loadsBefore = source.total;
  const reads = [];
  let turn = 0;
  const read = (key) => {
    source.set(key, `value-${key}`, 5);
    const begun = performance.now();
    const done = (failed) => ({ failed, took: performance.now() - begun });
    const patience = sleep(20_000, undefined, { ref: false }).then(() => done('no answer'));
    const answer = reader.get(key).then(
      (got) => done(got === `value-${key}` ? '' : 'a wrong value'),
      (error) => done(error.message),
    );
    reads.push(Promise.race([answer, patience]));
  };
  const outage = sleep(1000)
    .then(() => redis.kill())
    .then(() => sleep(2000))
    .then(() => redis.start());
  for (const begun = performance.now(); performance.now() < begun + 6000; await sleep(10)) {
    read(warm[turn++ % warm.length]);
    read(freshKey('c'));
  }
  await outage;
  const all = await Promise.all(reads);
  const failures = all.filter(({ failed }) => failed);
  return {
    reads: all.length,
    loads: source.total - loadsBefore,
    failed: failures.length,
    why: [...new Set(failures.map(({ failed }) => failed))],
    worst: Math.max(...all.map(({ took }) => took)),
  };
}

// D: all four processes have 20 values, Redis is killed, the source changes, process 2 invalidates them; one second
// after the kill Redis is back, empty. Three seconds later all four read. Answers how many reads got an old value,
// and how many invalidations claimed success while Redis was away.
export async function invalidateWhileRedisIsAway({ fleet, source, redis }) {
  const keys = Array.from({ length: 20 }, () => freshKey('d'));
  const readAll = () => Promise.all(fleet.processes.flatMap(({ get }) => keys.map(get)));
  for (const key of keys) source.set(key, 'old', 5);
  const before = await readAll();
  expect(before.every((value) => value === 'old'), 'not every process has the value');
  await redis.kill();
  for (const key of keys) source.set(key, 'fresh', 5);
  const claims = keys.map((key) => {
    const patience = sleep(900, false, { ref: false });
    return Promise.race([fleet.processes[1].invalidate(key).then(() => true, () => false), patience]);
  });
  await sleep(1000);
  await redis.start();
  await sleep(3000);
  const after = await readAll();
  const claimed = (await Promise.all(claims)).filter(Boolean).length;
  return { reads: after.length, old: after.filter((value) => value === 'old').length, claimed };
}
