// The way of a message through the TypeScript deployment, without what it does besides: POST /ai/generate looks for
// a duplicate and adds a job of BullMQ, a worker of 5 asks the model and leaves the reply in a stream. Prints the
// port that it listens on.
import { createHash, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { Queue, Worker } from 'bullmq';
import Redis from 'ioredis';

const [redisUrl, modelUrl, results] = process.argv.slice(2);
const url = new URL(redisUrl);
const connection = { host: url.hostname, port: Number(url.port), maxRetriesPerRequest: null };
const redis = new Redis(redisUrl);
const kept = { removeOnComplete: { count: 10 }, removeOnFail: { count: 50 } };
const queue = new Queue('peer-requests', { connection, defaultJobOptions: kept });

async function reply({ data }) {
  const response = await fetch(`${modelUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer key' },
    body: JSON.stringify({
      model: data.personality.model,
      messages: [{ role: 'system', content: data.personality.systemPrompt }, { role: 'user', content: data.message }],
    }),
  });
  if (!response.ok) throw new Error(`status ${response.status}`);
  const content = (await response.json()).choices[0].message.content;
  const result = { requestId: data.requestId, success: true, content };
  await redis.xadd(results, 'MAXLEN', '~', 10_000, '*', 'jobId', data.jobId, 'requestId', data.requestId,
    'result', JSON.stringify(result), 'completedAt', new Date().toISOString());
  return result;
}

async function generate(body) {
  const request = JSON.parse(body);
  const hash = createHash('sha256').update(request.message).digest('hex').slice(0, 16);
  const key = `peer-dedup:${request.personality.name}:${request.context.userId}-${request.context.channelId}:${hash}`;
  if (await redis.get(key)) return { status: 'duplicate' };
  const requestId = randomUUID();
  const jobId = `llm-${requestId}`;
  await queue.add('llm-generation', { ...request, requestId, jobId }, { jobId });
  await redis.setex(key, 5, JSON.stringify({ requestId, jobId }));
  return { jobId, requestId, status: 'queued' };
}

const worker = new Worker('peer-requests', reply, { connection, concurrency: 5 });
await worker.waitUntilReady();
const server = createServer(async (request, response) => {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  const answer = await generate(Buffer.concat(pieces));
  response.writeHead(answer.status === 'queued' ? 202 : 200, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(answer));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
