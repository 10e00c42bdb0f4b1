-- KEYS: as take_identify.lua's. ARGV: 1 token, 2 ms that the session has cost. Answers 1, or 0 when
-- the grant has lapsed.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('ZREM', KEYS[3], ARGV[1])
local spent = tonumber(redis.call('GET', KEYS[2]))
if spent then redis.call('SET', KEYS[2], string.format('%.0f', spent - ARGV[2]), 'KEEPTTL') end
return 1
