// A queue of BullMQ and one worker of it, as the TypeScript deployment has them: the worker's locks and the
// look for stalled ones are on, the newest 10 completed and 50 failed jobs stay. For every line on standard input:
//
//   fill JOBS 0                that many jobs wait from now on
//   rate JOBS CONCURRENCY      a worker begins; prints jobs a second, from the first job's start to the last one's
//                              end, of those that wait
//   starts JOBS CONCURRENCY    a worker waits, and jobs come one after the other has ended; prints p50 and p99 of
//                              the time from before the call that adds one until its processor runs, in microseconds
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { Queue, Worker } from 'bullmq';

const url = new URL(process.argv[2]);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const data = { text: 'x'.repeat(Number(process.argv[3])) };
const kept = { removeOnComplete: { count: 10 }, removeOnFail: { count: 50 } };
const name = 'peer';
const queue = new Queue(name, { connection, defaultJobOptions: kept });

function percentile(values, fraction) {
  values.sort((a, b) => a - b);
  return values[Math.floor((values.length - 1) * fraction)];
}

const now = () => Number(process.hrtime.bigint()) / 1000;

async function fill(count) {
  for (let n = 0; n < count; n += 500) {
    await queue.addBulk(Array.from({ length: Math.min(500, count - n) }, () => ({ name: 'reply', data })));
  }
  return [];
}

async function rate(count, concurrency) {
  let begun = 0;
  let ended = 0;
  const worker = new Worker(name, async () => { begun ||= now(); return { text: 'done' }; }, { connection, concurrency });
  await new Promise((done) => worker.on('completed', () => ++ended === count && done()));
  const took = now() - begun;
  await worker.close();
  return [count / took * 1e6];
}

async function starts(count, concurrency) {
  let from = 0;
  let started = 0;
  let done;
  const worker = new Worker(name, async () => { started = now(); return { text: 'done' }; }, { connection, concurrency });
  worker.on('completed', () => done());
  await worker.waitUntilReady();
  await sleep(300);
  const took = [];
  for (let n = 0; n < count; n++) {
    const ended = new Promise((resolve) => { done = resolve; });
    from = now();
    await queue.add('reply', data);
    await ended;
    took.push(started - from);
    await sleep(2);
  }
  await worker.close();
  return [percentile(took, 0.5), percentile(took, 0.99)];
}

const commands = { fill, rate, starts };
await queue.waitUntilReady();

console.log('ready');
for await (const line of createInterface({ input: process.stdin })) {
  const [what, count, concurrency] = line.split(' ');
  const figures = await commands[what](Number(count), Number(concurrency));
  console.log(figures.map((value) => value.toFixed(1)).join(' '));
}
process.exit(0);
