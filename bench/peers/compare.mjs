// Tutti beside what npm offers, on one redis-server, in one run. Prints docs/guide/compared.md's tables.
//
//   npm ci && node compare.mjs [--rounds N] [--tutti PATH] [NAME...]
//
// Names select contenders. Two controls run always: their figures are known, and when the driver finds others
// its bookkeeping is wrong and it fails.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { Fleet, Source } from './contender.mjs';
import { RedisServer } from './redis_server.mjs';
import {
  invalidateWhileRedisIsAway,
  missEverywhere,
  oldAfterLoad,
  oldFor,
  oldOverFresh,
  ordinaryInvalidation,
  percentile,
  redisIsKilled,
} from './scenarios.mjs';

const here = import.meta.dirname;
const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '100' },
    tutti: { type: 'string', default: `${here}/../../build/release/bin/bench_contender` },
  },
});
const rounds = Number(options.rounds);
const ttl = 5000;

const script = (name, ...words) => (url) => ['node', `${here}/${name}.mjs`, url, String(ttl), ...words];
const program = (...words) => (url) => [options.tutti, url, String(ttl), ...words];
const contenders = [
  {
    name: 'control: naive',
    command: script('control', 'naive'),
    expected: { ordinary: 0, inRedis: rounds, read: rounds, overFresh: rounds, loads: 1000 },
  },
  {
    name: 'control: uncached',
    command: script('control', 'uncached'),
    storesNothing: true,
    expected: { ordinary: 0, inRedis: 0, read: 0, overFresh: 0, loads: 1000 },
  },
  { name: 'plain ioredis', command: script('plain') },
  { name: 'BentoCache, delete', command: script('bentocache', 'delete') },
  { name: 'BentoCache, deleteByTag', command: script('bentocache', 'tags') },
  { name: 'cacheable', command: script('cacheable', 'blocking') },
  { name: 'cacheable, non-blocking', command: script('cacheable', 'nonblocking') },
  { name: 'Tutti, coherent', command: program('coherent') },
  { name: 'Tutti, shared', command: program('shared') },
];

async function measure(contender, redis) {
  await redis.client.flushall();
  const source = new Source();
  const fleet = await Fleet.start(contender.command(redis.url), source);
  const run = { fleet, source, redis, ttl, rounds, storesNothing: contender.storesNothing };
  try {
    const figures = {
      ordinary: await ordinaryInvalidation(run),
      afterLoad: await oldAfterLoad(run),
      overFresh: await oldOverFresh(run),
      oldFor: await oldFor(run),
      miss: await missEverywhere(run),
      killed: await redisIsKilled(run),
      away: await invalidateWhileRedisIsAway(run),
    };
    check(contender, figures);
    return figures;
  } finally {
    await fleet.stop();
  }
}

function check({ name, expected }, { ordinary, afterLoad, overFresh, miss }) {
  if (!expected) return;
  const found = {
    ordinary,
    inRedis: afterLoad.inRedis,
    read: afterLoad.read,
    overFresh: overFresh.inRedis,
    loads: Math.min(...miss.loads),
  };
  if (JSON.stringify(found) === JSON.stringify(expected)) return;
  throw new Error(`${name} is ${JSON.stringify(found)} and must be ${JSON.stringify(expected)}`);
}

const milliseconds = (value) => `${Math.round(value)} ms`;
const range = (values) => {
  const ends = [Math.min(...values), Math.max(...values)];
  return ends[0] === ends[1] ? String(ends[0]) : ends.join(' to ');
};

const columns = {
  'O old read': ({ ordinary }) => `${ordinary} of ${4 * rounds}`,
  'A1 old in Redis': ({ afterLoad }) => `${afterLoad.inRedis} of ${afterLoad.rounds}`,
  'A1 old read': ({ afterLoad }) => `${afterLoad.read} of ${afterLoad.rounds}`,
  'A1 old read for': (figures) => milliseconds(figures.oldFor),
  'A2 old in Redis': ({ overFresh }) => `${overFresh.inRedis} of ${overFresh.rounds}`,
  'A2 old read': ({ overFresh }) => `${overFresh.read} of ${overFresh.rounds}`,
  'B loads': ({ miss }) => range(miss.loads),
  'B last reader, p50': ({ miss }) => milliseconds(percentile(miss.took, 0.5)),
  'B worst': ({ miss }) => milliseconds(Math.max(...miss.took)),
  'C loads': ({ killed }) => String(killed.loads),
  'C failed': ({ killed }) => `${killed.failed} of ${killed.reads}`,
  'C worst read': ({ killed }) => milliseconds(killed.worst),
  'D old read': ({ away }) => `${away.old} of ${away.reads}`,
  'D success claimed': ({ away }) => `${away.claimed} of 20`,
};

const row = (cells) => `| ${cells.join(' | ')} |`;

function describe() {
  const git = (...words) => execFileSync('git', ['-C', here, ...words], { encoding: 'utf8' }).trim();
  const version = (name) => JSON.parse(readFileSync(`${here}/node_modules/${name}/package.json`)).version;
  const packages = Object.keys(JSON.parse(readFileSync(`${here}/package.json`)).dependencies);
  const memory = Math.round(os.totalmem() / 2 ** 30);
  console.log(`commit ${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') && ', with changes'}`);
  console.log(`${os.cpus().length} x ${os.cpus()[0].model.trim()}, ${memory} GiB, load ${os.loadavg()[0].toFixed(1)}`);
  console.log(execFileSync('redis-server', ['--version'], { encoding: 'utf8' }).split(' ').slice(0, 3).join(' '));
  console.log(`node ${process.versions.node}; ${packages.map((name) => `${name} ${version(name)}`).join(', ')}\n`);
}

function selected({ name, expected }) {
  return expected || wanted.length === 0 || wanted.some((word) => name.toLowerCase().includes(word));
}

describe();
const redis = await RedisServer.create();
try {
  console.log(row(['', ...Object.keys(columns)]));
  console.log(row(['---', ...Object.keys(columns).map(() => '---')]));
  for (const contender of contenders.filter(selected)) {
    if (contender.name.startsWith('Tutti') && !existsSync(options.tutti)) {
      console.error(`${contender.name} is left out: build the target bench_contender first`);
      continue;
    }
    const figures = await measure(contender, redis);
    console.log(row([contender.name, ...Object.values(columns).map((cell) => cell(figures))]));
    for (const why of figures.killed.why) console.error(`${contender.name}: a read failed: ${why}`);
  }
} finally {
  await redis.stop();
}
