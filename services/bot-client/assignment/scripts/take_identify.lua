-- A shard wants to begin a session. KEYS: 1 of the shards with its rest, 2 the pace, 3 those that
-- Discord may not have counted yet. ARGV: 1 token, 2 ms that the grant holds, 3 sessions that
-- remain, as Discord has said, 4 those that are kept back, 5 sessions at once, 6 ms for one more,
-- 7 ms after which Discord has counted one.
--
-- Answers the ms to wait: 0 when it is granted.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return 0 end
if holder then return math.max(redis.call('PTTL', KEYS[1]), 1) end

redis.call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ARGV[7])
if ARGV[3] - redis.call('ZCARD', KEYS[3]) <= tonumber(ARGV[4]) then return tonumber(ARGV[7]) end

local spent = math.max(tonumber(redis.call('GET', KEYS[2])) or 0, now) + ARGV[6]
local ahead = spent - now - ARGV[5] * ARGV[6]
if ahead > 0 then return ahead end

redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
redis.call('SET', KEYS[2], string.format('%.0f', spent), 'PX', string.format('%.0f', spent - now))
redis.call('ZADD', KEYS[3], now, ARGV[1])
redis.call('PEXPIRE', KEYS[3], ARGV[7])
return 0
