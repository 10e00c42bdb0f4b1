#!lua flags=allow-oom
-- Tries every command that the other scripts use, on a key and a channel that nobody else uses, and
-- returns the names of those that the user may not run. Leaves nothing behind. KEYS: a key; ARGV: a
-- channel.
local key, denied = KEYS[1], {}

local function try(name, ...)
    local reply = redis.pcall(name, ...)
    if type(reply) ~= 'table' or not reply.err then return end
    if string.find(reply.err, 'NOPERM', 1, true)
        or string.find(reply.err, 'The user executing the script', 1, true) then
        table.insert(denied, string.lower(name))
    end
end

try('DEL', key)
if #denied > 0 then return denied end
try('INFO', 'replication')
try('HSET', key, 'f', 1)
try('HGET', key, 'f')
try('HMGET', key, 'f')
try('HGETALL', key)
try('HDEL', key, 'f')
redis.call('DEL', key)
try('ZADD', key, 1, 'm')
try('ZCARD', key)
try('ZREM', key, 'm')
redis.call('DEL', key)
try('XADD', key, '1-0', 'f', 1)
try('XRANGE', key, '-', '+', 'COUNT', 1)
try('XTRIM', key, 'MINID', '2-0')
redis.call('DEL', key)
try('SET', key, '', 'PX', 1000)
try('SET', key, '', 'KEEPTTL')
try('GET', key)
try('MGET', key)
try('STRLEN', key)
try('PTTL', key)
try('UNLINK', key)
try('SCAN', '0', 'COUNT', 1)
redis.call('DEL', key)
try('PUBLISH', ARGV[1], '')
return denied
