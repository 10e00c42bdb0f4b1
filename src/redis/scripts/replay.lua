#!lua flags=no-writes,allow-oom
-- One page of the log with the epoch that it belongs to. KEYS: hash, log. ARGV: first, last, count.
-- Nothing is checked or rotated here: entries are chain-linked, so the reader sees by itself whether
-- they continue what it has.
local epoch = redis.pcall('HGET', KEYS[1], 'e')
local entries = redis.pcall('XRANGE', KEYS[2], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
for _, reply in ipairs({epoch, entries}) do
    if type(reply) == 'table' and reply.err then
        if not string.find(reply.err, 'WRONGTYPE', 1, true) then return reply end
        return {}
    end
end
if not epoch then return {} end
return {epoch, entries}
