#!lua flags=allow-oom
-- Tries every command that the other scripts use, on a key and a channel that nobody else uses, and
-- reading and writing of further keys. Returns what the user may not: `+command`, `~key`, `&channel`.
-- Leaves nothing behind. ARGV: 1 the key, 2 the channel, from 3 the further keys. They are no KEYS, or
-- one of them would make the server refuse the whole script.
local denied = {}

local function is_denied(reply)
    return type(reply) == 'table' and reply.err
        and (string.find(reply.err, 'NOPERM', 1, true)
            or string.find(reply.err, 'The user executing the script', 1, true))
end

local function try(name, key, ...)
    local reply = redis.pcall(name, key, ...)
    if not is_denied(reply) then return reply end
    if string.find(reply.err, 'run th', 1, true) then
        table.insert(denied, '+' .. string.lower(name))
    elseif string.find(reply.err, 'channel', 1, true) then
        table.insert(denied, '&' .. key)
    else
        table.insert(denied, '~' .. key)
    end
    return false
end

local key = ARGV[1]
try('DEL', key)
try('INFO', 'replication')
try('PING', '')
try('HSET', key, 'f', 1)
try('HGET', key, 'f')
try('HMGET', key, 'f')
try('HGETALL', key)
try('HDEL', key, 'f')
redis.pcall('DEL', key)
try('ZADD', key, 1, 'm')
try('ZCARD', key)
try('ZRANGE', key, 0, 0)
try('ZREM', key, 'm')
redis.pcall('DEL', key)
try('XADD', key, '1-0', 'f', 1)
try('XRANGE', key, '-', '+', 'COUNT', 1)
try('XTRIM', key, 'MINID', '2-0')
redis.pcall('DEL', key)
try('SET', key, '', 'PX', 1000)
try('SET', key, '', 'KEEPTTL')
try('GET', key)
try('MGET', key)
try('STRLEN', key)
try('PTTL', key)
try('UNLINK', key)
try('SCAN', '0', 'COUNT', 1)
redis.pcall('DEL', key)
try('PUBLISH', ARGV[2], '')

for i = 3, #ARGV do
    local other = ARGV[i]
    local written = try('SET', other, '', 'PX', 1000, 'NX')
    try('GET', other)
    if type(written) == 'table' and written.ok then try('UNLINK', other) end
end
return denied
